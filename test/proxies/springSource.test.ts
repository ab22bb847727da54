import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { describe, expect, test } from 'vitest';
import { comment, string } from '../../packages/mcp-cors/src/render/java/literals.js';
import { planPolicy } from '../../packages/mcp-cors/src/render/plan.js';
import { hostilePath, hostilePolicies, hostileToken } from './hostilePolicies.js';
import { hasJdk, hostFile, run } from './hosts/spring.js';

interface ReadSource {
  readonly data: Readonly<Record<string, readonly string[]>>;
  readonly code: string;
}

/** What Java's own compiler reads in sources; it fails on what it cannot read. */
function read(sources: readonly string[]): readonly ReadSource[] {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-java-'));
  try {
    const files = sources.map((text, i) => {
      mkdirSync(`${folder}/p${i}`);
      writeFileSync(`${folder}/p${i}/McpCorsFilter.java`, text);
      return `${folder}/p${i}/McpCorsFilter.java`;
    });
    return JSON.parse(run(['java', hostFile('Parse.java'), ...files])) as ReadSource[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// A compiler for Java is no package of npm.
if (hasJdk()) describe('rendered Java', defineTests);
else
  test('spring: no JDK on this machine, so that its compiler read no rendered Java', () =>
    expect(hasJdk()).toBe(false));

function defineTests(): void {
  test('literals say what they stand for, whatever the text is, and comments hold it', () => {
    const texts = fc.sample(fc.oneof(fc.string({ unit: 'binary' }), hostilePath, hostileToken), 2_000);
    texts.push('', '"', '\\', '\\"', 'a\\', '\\\\u000a', '\\uuu0022', '\r\n\0', '\u0085', '\x077', '*/');
    texts.push('\ud800', '\ud800\\\ud800', '\udfff\ud800', '\u{1f600}', '\\', 'é'.repeat(70_000));
    const rows = texts.map((text, i) => `${comment(text)}\n  static String T${i} = ${string(text)};\n`);
    const classes = Array.from(
      { length: Math.ceil(rows.length / 500) },
      (_, i) => `class C${i} {\n${rows.slice(i * 500, (i + 1) * 500).join('')}}\n`,
    );
    expect(classes.every((source) => /^[ -~\n]*$/.test(source))).toBe(true);
    const data = read(classes).flatMap((source) => Object.values(source.data));
    // A long text is the parts that Java joins, and what it joins them with.
    expect(data.map((parts) => parts.join(''))).toEqual(texts);
  });

  test('no value of a policy breaks out: the data is what the policy has, and the code is the same', () => {
    const configs = hostilePolicies(150);
    const plain: StaticPolicyConfig = { origins: ['https://plain.example'] };
    const [first, ...sources] = read([plain, ...configs].map((config) => render('spring', config)));
    const fields = (source: ReadSource | undefined): readonly string[] =>
      Object.keys(source?.data ?? {}).filter((name) => !/^Expression\d+$/.test(name));
    for (const [i, source] of sources.entries()) {
      const plan = planPolicy(createPolicy(configs[i] as StaticPolicyConfig));
      expect(source.code).toBe(first?.code);
      expect(fields(source)).toEqual(fields(first));
      expect(source.data.ORIGINS).toEqual(plan.origins.exact);
      expect(source.data.ORIGIN_PATTERNS).toEqual(plan.origins.patterns.map(({ regexp }) => regexp));
      expect(source.data.PATHS).toEqual(Object.entries(plan.paths.exact).flat());
      expect(source.data.KINDS).toEqual(
        Object.values(plan.kinds).flatMap((kind) => [
          kind.kind,
          ...kind.methods,
          kind.allowMethods,
          ...kind.allowedHeaders.names,
          ...kind.allowedHeaders.prefixes,
          kind.allowHeaders,
          kind.exposeHeaders ?? '',
        ]),
      );
    }
  });
}
