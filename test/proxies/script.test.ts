import { runInNewContext } from 'node:vm';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { type RenderOptions, render } from 'mcp-cors/render';
import { describe, expect, test } from 'vitest';
import { planPolicy } from '../../packages/mcp-cors/src/render/plan.js';
import { hostilePolicies } from './hostilePolicies.js';

const PLAIN: StaticPolicyConfig = { origins: ['https://plain.example'] };

/** Everything that a policy comes to, as text. */
function factsOf(config: StaticPolicyConfig): string {
  const plan = planPolicy(createPolicy(config));
  return JSON.stringify(plan, (_, value) => (value instanceof Set ? [...value] : value));
}

/** No value of a policy may break out of the targets that are JavaScript. */
describe('cloudflare-worker', () => {
  const LITERALS = ['POLICIES', 'SEALED', 'ROUTES', 'PLACES', 'DROPPED'] as const;
  type Literals = Readonly<Record<(typeof LITERALS)[number], readonly unknown[]>>;

  /** The literals of a Worker, by the strictest of parsers, and all that stands around them. */
  function takeApart(text: string): { readonly literals: Literals; readonly rest: string } {
    let rest = text;
    const literals = LITERALS.map((name) => {
      const [before = '', behind = '', ...more] = rest.split(`\nconst ${name} = `);
      expect(more).toEqual([]);
      const end = behind.indexOf(';\n\n');
      rest = `${before}\n${name}${behind.slice(end)}`;
      return [name, JSON.parse(behind.slice(0, end))];
    });
    return { literals: Object.fromEntries(literals) as Literals, rest };
  }

  test('no value of a policy breaks out: the data is the policy, and the code is the same', () => {
    const policies = hostilePolicies(200);
    const plain = takeApart(render('cloudflare-worker', PLAIN));
    for (const policy of policies) {
      const text = render('cloudflare-worker', policy);
      expect(text).toMatch(/^[ -~\n]*$/);
      const { literals, rest } = takeApart(text);
      expect(rest).toBe(plain.rest);
      expect(literals).toMatchObject({ SEALED: [false], DROPPED: plain.literals.DROPPED });
      expect(literals.POLICIES).toHaveLength(1);
      const [config] = literals.POLICIES as readonly [StaticPolicyConfig];
      expect(factsOf(config)).toBe(factsOf(policy));
    }
  });

  test('no path of a route breaks out either', () => {
    const path = '/a&!(c)~@:+[d],=.';
    const options: RenderOptions = { routes: [{ path, upstream: `http://127.0.0.1:1${path}` }] };
    const { literals } = takeApart(render('cloudflare-worker', PLAIN, options));
    expect(literals.ROUTES).toEqual([
      { path, exact: false, server: 'http://127.0.0.1:1', serverPath: path, policy: 0 },
    ]);
  });
});

describe('express', () => {
  /** The options that an output gives to the package, in a context that has nothing else. */
  function optionsOf(text: string): Readonly<Record<string, unknown>> {
    const script = text
      .replace("import cors from 'cors';\n", '')
      .replace('export const mcpCors = cors(', 'result = (');
    const context = { result: {} };
    runInNewContext(script, context);
    return context.result;
  }

  test('no value of a policy breaks out: the options are those of the policy', () => {
    const policies = hostilePolicies(200);
    const plain = optionsOf(render('express', PLAIN, { allowWeaker: true }));
    for (const policy of policies) {
      const text = render('express', policy, { allowWeaker: true });
      expect(text).toMatch(/^[ -~\n]*$/);
      const options = optionsOf(text);
      expect(Object.keys(options)).toEqual(Object.keys(plain));
      const { kinds, origins } = planPolicy(createPolicy(policy));
      expect(options).toMatchObject({
        methods: kinds.mcp.allowMethods,
        credentials: false,
        optionsSuccessStatus: 204,
      });
      const lists = JSON.parse(JSON.stringify(options)) as Readonly<Record<string, readonly string[]>>;
      expect(lists.allowedHeaders).toEqual(expect.arrayContaining(kinds.mcp.allowHeaders.split(', ')));
      expect(lists.exposedHeaders).toEqual(
        expect.arrayContaining((kinds.mcp.exposeHeaders ?? '').split(', ')),
      );
      expect(lists.origin).toHaveLength(
        origins.exact.length + origins.patterns.length + origins.expressions.length,
      );
    }
  });
});
