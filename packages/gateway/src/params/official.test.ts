import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createMirroredTools, MIRRORED_TOOL } from '../../../../test/fixtures/mirroredTools.js';
import { type OfficialMirror, startOfficialMirror } from '../../../../test/fixtures/officialMirror.js';
import { readDeclarations } from './declarations.js';
import { paramHeaders } from './encoding.js';

// The official client and server do most of the work here, and take their time on a loaded machine.
vi.setConfig({ testTimeout: 60_000 });

let official: OfficialMirror;
beforeAll(async () => {
  official = await startOfficialMirror();
});

/** The headers that the gateway adds. */
function ours(inputSchema: unknown, args: unknown): Record<string, string> {
  const flat = paramHeaders(readDeclarations(inputSchema) ?? [], args);
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] as string]] : [])));
}

/** Whether UTF-8 can say a text; where it cannot, the official client's header is refused too. */
const isWellFormed = (text: string): boolean => Buffer.from(text).toString() === text;

/** As it came over the wire. */
const parsed = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const keys = fc.constantFrom('a', 'b', 'constructor', 'name', '__proto__', 'length');
const oddNames = fc.constantFrom<unknown>(
  'Host',
  "!#$%&'*+-.^_`|~",
  '',
  'a b',
  'a:b',
  'é',
  'a\r\nb',
  7,
  null,
);
const oddTypes = fc.constantFrom<unknown>('number', 'object', 'array', 'null', ['string'], null);

const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 15, arbitrary: usual as fc.Arbitrary<unknown> }, { weight: 1, arbitrary: odd });

/** A property that is wanted in a header, as it should be but for now and then. */
const declared = fc.record({
  type: mostly(fc.constantFrom('string', 'integer', 'boolean'), oddTypes),
  'x-mcp-header': mostly(fc.stringMatching(/^[A-Za-z0-9-]{1,6}$/), oddNames),
});
const plain = fc.record({ type: fc.constantFrom('string', 'integer') });
/** What stands where nothing may be declared. */
const below = mostly(plain, fc.oneof(declared, fc.record({ properties: fc.dictionary(keys, declared) })));
const belowByName = fc.dictionary(keys, below, { maxKeys: 2 });

const { schema } = fc.letrec((tie) => ({
  schema: fc.record(
    {
      type: fc.constant('object'),
      properties: mostly(
        fc.dictionary(keys, fc.oneof({ maxDepth: 3 }, declared, plain, tie('schema')), {
          minKeys: 1,
          maxKeys: 4,
        }),
        fc.constantFrom(null, 7, []),
      ),
      items: fc.oneof(below, fc.array(below, { maxLength: 2 })),
      additionalProperties: mostly(fc.boolean(), below),
      anyOf: fc.array(below, { maxLength: 2 }),
      if: below,
      $defs: belowByName,
      patternProperties: mostly(belowByName, fc.constant(null)),
      dependentSchemas: mostly(belowByName, fc.array(below, { maxLength: 1 })),
    },
    { requiredKeys: ['properties'] },
  ),
}));

const texts = fc.oneof(
  fc.array(fc.nat(0xffff)).map((codes) => String.fromCharCode(...codes)),
  fc.string(),
  fc.constantFrom(
    '',
    ' a',
    'a ',
    '\ta',
    'a\tb',
    'a\r\nX-Evil: 1',
    '\0',
    '\u00a0a',
    '\ud800',
    '=?base64?YQ==?=',
    '=?base64?=',
  ),
);
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    texts,
    fc.integer(),
    fc.double(),
    fc.constantFrom(0, -0, 2 ** 53, 2 ** 53 - 1, 1e21, 1e-7, 1.5, true, false, null),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
  ),
})).value;
const args = fc.dictionary(keys, values, { minKeys: 2, maxKeys: 6 });

describe('what is added is what the official client adds elsewhere', () => {
  it('for schemas that keep the rules, and others', async () => {
    const numRuns = 1_500;
    let refused = 0;
    let added = 0;
    await fc.assert(
      fc.asyncProperty(schema, args, async (given, call) => {
        const [inputSchema, sent] = [parsed(given), parsed(call)];
        const headers = ours(inputSchema, sent);
        if (readDeclarations(inputSchema) === undefined) refused++;
        if (Object.keys(headers).length > 0) added++;
        expect(headers).toEqual(await official.headersFor(inputSchema, sent));
      }),
      { numRuns },
    );
    // Otherwise it would say little.
    expect(added).toBeGreaterThan(numRuns / 20);
    expect(refused).toBeGreaterThan(numRuns / 20);
  });

  it('for every value of one parameter', async () => {
    const inputSchema = { type: 'object', properties: { a: { type: 'string', 'x-mcp-header': 'A' } } };
    await fc.assert(
      fc.asyncProperty(values, async (a) => {
        const sent = parsed({ a });
        expect(ours(inputSchema, sent)).toEqual(await official.headersFor(inputSchema, sent));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('what is added is what the official server expects', () => {
  it('whatever the value is', async () => {
    const tools = createMirroredTools();
    const answer = async (headers: Record<string, string>, sent: unknown) => {
      const response = await tools.fetch(
        new Request('http://127.0.0.1/mcp', {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            Accept: 'application/json, text/event-stream',
            'MCP-Protocol-Version': '2026-07-28',
            'Mcp-Method': 'tools/call',
            'Mcp-Name': MIRRORED_TOOL,
            ...headers,
          },
          body: JSON.stringify({
            jsonrpc: '2.0',
            id: 1,
            method: 'tools/call',
            params: {
              name: MIRRORED_TOOL,
              arguments: sent,
              _meta: {
                'io.modelcontextprotocol/protocolVersion': '2026-07-28',
                'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
                'io.modelcontextprotocol/clientCapabilities': {},
              },
            },
          }),
        }),
      );
      return response.text();
    };
    const dry = fc.record({ dry: fc.boolean() }, { requiredKeys: [] });
    const deployments = fc.record(
      { region: texts.filter(isWellFormed), replicas: fc.maxSafeInteger(), note: fc.string(), options: dry },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(deployments, async (deployment) => {
        const sent = parsed(deployment);
        const headers = ours(tools.schema, sent);
        expect(await answer(headers, sent)).not.toContain('-32020');
        if (Object.keys(headers).length > 0) expect(await answer({}, sent)).toContain('-32020');
      }),
      { numRuns: 100 },
    );
    await tools.close();
  });
});
