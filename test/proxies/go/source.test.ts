import { writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { describe, expect, test } from 'vitest';
import { string } from '../../../packages/mcp-cors/src/render/go/literals.js';
import { planPolicy } from '../../../packages/mcp-cors/src/render/plan.js';
import { hostilePath, hostilePolicies, hostileToken } from '../hostilePolicies.js';
import { describeGo } from './describe.js';
import { buildModule, goSource, runGo, withModule, writeModule } from './toolchain.js';

/** A rendered file, taken apart by Go's own parser. */
interface Source {
  readonly Texts: Readonly<Record<string, readonly string[]>>;
  readonly Other: Readonly<Record<string, readonly string[]>>;
  readonly Code: string;
  readonly Formatted: boolean;
  readonly Faults: readonly string[] | null;
}

function read(configs: readonly StaticPolicyConfig[]): readonly Source[] {
  return withModule((folder) => {
    buildModule(folder, { 'source.go': goSource('source.go') }, []);
    const files = configs.map((config, i) => {
      const file = `${folder}/p${i}.txt`;
      writeFileSync(file, render('go', config));
      return file;
    });
    return JSON.parse(runGo(folder, [`${folder}/server`, ...files])) as Source[];
  });
}

/** As Go has it: half a surrogate pair is no text. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

/** What a policy has that the source may differ in, besides texts. */
const PLAIN: StaticPolicyConfig = { origins: ['https://plain.example'] };

describeGo("Go's source", () => {
  describe('literals', () => {
    test('say what they stand for, whatever the text is', () => {
      const texts = fc.sample(fc.oneof(fc.string({ unit: 'binary' }), hostilePath, hostileToken), 2_000);
      texts.push('', '"', '\\', '\\"', 'a\\', '\r\n\0', '\ud800', '\udfff\ud800', '\u{1f600}', '`', '\ufeff');
      const literals = texts.map(string);
      expect(literals.every((literal) => /^[ -~]*$/.test(literal))).toBe(true);
      const printed = withModule((folder) => {
        const main = [
          'package main',
          'import ("encoding/json"; "os")',
          `var texts = []string{\n${literals.map((literal) => `${literal},\n`).join('')}}`,
          'func main() { json.NewEncoder(os.Stdout).Encode(texts) }',
        ];
        buildModule(folder, { 'main.go': main.join('\n') }, []);
        return JSON.parse(runGo(folder, [`${folder}/server`]));
      });
      expect(printed).toEqual(texts.map(wellFormed));
    });
  });

  describe('the file', () => {
    test('is the same twice, and names no secret', () => {
      const secret = 'a secret that has to stay out of source files';
      const config: StaticPolicyConfig = { ...PLAIN, sessions: { secret } };
      const text = render('go', config);
      expect(render('go', config)).toBe(text);
      expect(text).not.toContain(secret);
      expect(text).toContain('MCP_CORS_SESSION_SECRETS');
    });

    test('no value of a policy breaks out: the data is what the policy has, and the code is the same', () => {
      const configs = hostilePolicies(400);
      const [plain, ...sources] = read([PLAIN, ...configs]);
      for (const [i, source] of sources.entries()) {
        const plan = planPolicy(createPolicy(configs[i] as StaticPolicyConfig));
        expect(source.Code).toBe(plain?.Code);
        expect(Object.keys(source.Other)).toEqual(Object.keys(plain?.Other ?? {}));
        expect(source.Formatted).toBe(true);
        expect(source.Faults).toBeNull();
        const { origins, originPatterns, originExpressions, paths, kinds } = source.Texts;
        expect(origins ?? []).toEqual(plan.origins.exact);
        expect(originPatterns ?? []).toEqual(plan.origins.patterns.map(({ regexp }) => regexp));
        expect(originExpressions ?? []).toEqual(plan.origins.expressions.map(({ regexp }) => regexp));
        expect(paths).toEqual(Object.entries(plan.paths.exact).flat().map(wellFormed));
        expect(kinds).toEqual(
          Object.values(plan.kinds).flatMap(({ kind, allowedHeaders, ...rest }) => [
            kind,
            ...rest.methods,
            rest.allowMethods,
            ...allowedHeaders.names,
            ...allowedHeaders.prefixes,
            rest.allowHeaders,
            rest.exposeHeaders ?? '',
          ]),
        );
      }
    });

    test('compiles, and go vet has nothing to say', () => {
      const configs: readonly StaticPolicyConfig[] = [
        ...hostilePolicies(60).slice(0, 12),
        PLAIN,
        { origins: '*', dangerouslyAllowAnyHost: true, debug: true },
        { ...PLAIN, hosts: ['a.example'], reportOnly: true, credentials: true },
        { ...PLAIN, sessions: { secret: 'x'.repeat(32) }, endpoints: { '/x/*': 'other' } },
      ];
      withModule((folder) => {
        writeModule(
          folder,
          { 'main.go': 'package main\n\nfunc main() {}\n' },
          configs.map((config) => ({ 'mcpcors.go': render('go', config) })),
        );
        expect(runGo(folder, ['go', 'vet', './...'])).toBe('');
      });
    });
  });

  test('the programs of the tests are as gofmt has them', () => {
    for (const name of ['application.go', 'ask.go', 'questions.go', 'serve.go', 'source.go']) {
      expect(runGo('/', ['gofmt'], { input: goSource(name) })).toBe(goSource(name));
    }
  });
});
