import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { render, targets } from 'mcp-cors/render';
import { describe, expect, test } from 'vitest';
import { planPolicy } from '../../../packages/mcp-cors/src/render/plan.js';
import { rawString, string, tuple } from '../../../packages/mcp-cors/src/render/python/literals.js';
import { hostilePath, hostilePolicies, hostileToken } from '../hostilePolicies.js';
import { runScript, scriptPath, withFiles } from './run.js';
import { PYTHON, STRICT } from './server.js';

const PYTHON_TARGETS = targets().filter(({ file }) => file.endsWith('.py'));

/** What Python has to say against a file, warnings included. */
function warningsOf(file: string): string {
  const program = "import pathlib, sys; compile(pathlib.Path(sys.argv[1]).read_text(), sys.argv[1], 'exec')";
  const { stderr } = spawnSync(PYTHON, [...STRICT, '-c', program, file], { encoding: 'utf8' });
  return stderr;
}

interface ReadModule {
  readonly data: Readonly<Record<string, unknown>>;
  readonly code: readonly string[];
  readonly untyped: readonly string[];
}

function read(
  configs: readonly StaticPolicyConfig[],
  target = 'starlette-middleware',
): readonly ReadModule[] {
  const files = Object.fromEntries(configs.map((config, i) => [`p${i}.py`, render(target, config)]));
  return withFiles(
    files,
    (folder) =>
      runScript(
        'data.py',
        Object.keys(files).map((name) => `${folder}/${name}`),
        null,
      ) as ReadModule[],
  );
}

describe('literals', () => {
  test('say what they stand for, whatever the text is', () => {
    const texts = fc.sample(fc.oneof(fc.string({ unit: 'binary' }), hostilePath, hostileToken), 2_000);
    texts.push(
      '',
      '"',
      '\\',
      '\\"',
      'a\\',
      '\r\n\0',
      '{x}',
      '\ud800',
      '\udfff\ud800',
      '\u{1f600}',
      "'''",
      '"""',
    );
    const sources = texts.flatMap((text) => [string(text), rawString(text), tuple([text, text])]);
    expect(sources.every((source) => /^[ -~\n]*$/.test(source))).toBe(true);
    expect(runScript('literals.py', [], sources)).toEqual(
      texts.flatMap((text) => [text, text, [text, text]]),
    );
  });
});

describe.each(PYTHON_TARGETS)('$name', ({ name }) => {
  test('compiles without a warning, and every function says its types', () => {
    const config = { origins: ['https://app.example.com', 'https://*.example.com'], credentials: true };
    const files = { 'p0.py': render(name, config) };
    withFiles(files, (folder) => {
      expect(warningsOf(`${folder}/p0.py`)).toBe('');
    });
    expect(read([config], name)[0]?.untyped).toEqual([]);
  });

  test('is the same twice, and names no secret', () => {
    const secret = 'a secret that has to stay out of source files';
    const config: StaticPolicyConfig = { origins: ['https://app.example.com'], sessions: { secret } };
    const text = render(name, config);
    expect(render(name, config)).toBe(text);
    expect(text).not.toContain(secret);
    expect(text).toContain('MCP_CORS_SESSION_SECRETS');
  });

  test('no value of a policy breaks out: the data is what the policy has, and the code is the same', () => {
    const configs = hostilePolicies(400);
    const [plain] = read([{ origins: ['https://plain.example'] }], name);
    for (const [i, { data, code }] of read(configs, name).entries()) {
      const plan = planPolicy(createPolicy(configs[i] as StaticPolicyConfig));
      expect(code).toEqual(plain?.code);
      expect(data.ORIGINS).toEqual([...plan.origins.exact].sort());
      expect(data.ORIGIN_PATTERNS).toEqual(plan.origins.patterns.map(({ regexp }) => regexp));
      expect(data.PATHS).toEqual(plan.paths.exact);
      for (const [kind, found] of Object.entries(data.KINDS as Record<string, Record<string, unknown>>)) {
        const { methods, allowedHeaders, exposeHeaders, allowHeaders } = plan.kinds[kind as 'mcp'];
        expect(found).toMatchObject({
          methods: [...methods].sort(),
          header_names: [...allowedHeaders.names].sort(),
          expose_headers: exposeHeaders ?? '',
          allow_headers: allowHeaders,
        });
      }
    }
  });
});

test('the scripts of the tests have no warning either', () => {
  for (const name of ['forward.py', 'serve.py', 'decide.py', 'data.py', 'application.py']) {
    expect(warningsOf(scriptPath(name))).toBe('');
  }
});
