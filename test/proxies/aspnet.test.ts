import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planPolicy } from '../../packages/mcp-cors/src/render/plan.js';
import { runProxyBehaviour } from './behaviour.js';
import { compile, hasMono, run, sourcePath } from './dotnet/mono.js';
import { hostilePolicies } from './hostilePolicies.js';
import { runProxyVectors } from './runner.js';
import { describeSameDecisions, POLICIES } from './sameDecisions.js';

// There is no ASP.NET Core on Debian. Mono compiles and runs C#; something stands in for the rest.
if (hasMono()) {
  runProxyVectors('aspnet');
  runProxyBehaviour('aspnet');
  const sources = ['Ask.cs', 'Declarations.cs'].map(sourcePath);
  let folder = '';
  let program = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mcp-cors-mono-'));
    const rendered = POLICIES.map((policy) => render('aspnet', policy));
    program = compile(folder, rendered, ...sources);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describeSameDecisions({
    language: 'C#',
    ask: (questions) => JSON.parse(run('mono', [program], JSON.stringify(questions))) as unknown[],
  });

  test('no value of a policy breaks out of its literals', () => {
    const configs = hostilePolicies(100);
    const texts = [{ origins: ['https://plain.example'] }, ...configs].map((one) => render('aspnet', one));
    const questions = texts.map((_, i) => [i, 'data']);
    const read = run('mono', [compile(folder, texts, ...sources)], JSON.stringify(questions));
    const [plain, ...answers] = JSON.parse(read) as Readonly<Record<string, readonly unknown[]>>[];
    for (const [i, data] of answers.entries()) {
      const { origins, paths, kinds } = planPolicy(createPolicy(configs[i] as StaticPolicyConfig));
      expect(data.members).toEqual(plain?.members);
      expect(data.Origins).toEqual(origins.exact);
      expect(data.Paths).toEqual(Object.entries(paths.exact).flat());
      for (const { kind, methods, allowedHeaders } of Object.values(kinds)) {
        expect(data[`Kinds.${kind}.Methods`]).toEqual(methods);
        expect(data[`Kinds.${kind}.HeaderNames`]).toEqual([...allowedHeaders.names]);
        expect(data[`Kinds.${kind}.HeaderPrefixes`]).toEqual(allowedHeaders.prefixes);
      }
    }
  });
} else
  test('aspnet: no Mono on this machine, so that no rendered C# was compiled or run', () =>
    expect(hasMono()).toBe(false));
