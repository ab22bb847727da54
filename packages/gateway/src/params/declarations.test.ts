import { describe, expect, it } from 'vitest';
import { readDeclarations } from './declarations.js';

const REGION = { type: 'string', 'x-mcp-header': 'Region' };
const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });

/** A schema with so many levels above what is given. */
function deep(levels: number, schema: object): object {
  let all = schema;
  for (let i = 0; i < levels; i++) all = object({ a: all });
  return all;
}

describe('readDeclarations', () => {
  it.each<[string, unknown, readonly unknown[]]>([
    ['nothing', undefined, []],
    ['no schema', 'text', []],
    ['a schema without declarations', object({ region: { type: 'string' } }), []],
    ['a property', object({ region: REGION }), [{ path: ['region'], header: 'Mcp-Param-Region' }]],
    [
      'properties at any depth',
      object({
        a: object({ b: { ...REGION, type: 'integer' } }),
        c: { type: 'boolean', 'x-mcp-header': 'C' },
      }),
      [
        { path: ['a', 'b'], header: 'Mcp-Param-Region' },
        { path: ['c'], header: 'Mcp-Param-C' },
      ],
    ],
    [
      'a name of every character',
      object({ a: { type: 'string', 'x-mcp-header': "!#$%&'*+-.^_`|~0aZ" } }),
      [{ path: ['a'], header: "Mcp-Param-!#$%&'*+-.^_`|~0aZ" }],
    ],
  ])('reads %s', (_, schema, expected) => {
    expect(readDeclarations(schema)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['at the root', { ...object({}), 'x-mcp-header': 'Region', type: 'string' }],
    ['on an object', object({ a: { ...REGION, type: 'object' } })],
    ['on a number', object({ a: { ...REGION, type: 'number' } })],
    ['on a list of types', object({ a: { ...REGION, type: ['string'] } })],
    ['without a type', object({ a: { 'x-mcp-header': 'A' } })],
    ['of an empty name', object({ a: { type: 'string', 'x-mcp-header': '' } })],
    ['of no name', object({ a: { type: 'string', 'x-mcp-header': 7 } })],
    ['of a name with a space', object({ a: { type: 'string', 'x-mcp-header': 'A B' } })],
    ['of a name with a line end', object({ a: { type: 'string', 'x-mcp-header': 'A\r\n' } })],
    ['of a name beyond ASCII', object({ a: { type: 'string', 'x-mcp-header': 'É' } })],
    ['of a very long name', object({ a: { type: 'string', 'x-mcp-header': 'A'.repeat(129) } })],
    ['of one name twice', object({ a: REGION, b: { ...REGION, 'x-mcp-header': 'region' } })],
    ...['items', 'additionalProperties', 'not', 'if'].map((keyword): [string, unknown] => [
      `below ${keyword}`,
      object({}, { [keyword]: REGION }),
    ]),
    ...['oneOf', 'anyOf', 'allOf', 'prefixItems'].map((keyword): [string, unknown] => [
      `in a list below ${keyword}`,
      object({}, { [keyword]: [{}, object({ a: REGION })] }),
    ]),
    ...['$defs', 'definitions', 'patternProperties', 'dependentSchemas'].map((keyword): [string, unknown] => [
      `in a member of ${keyword}`,
      object({}, { [keyword]: { a: REGION } }),
    ]),
  ])('refuses a tool with a declaration %s', (_, schema) => {
    expect(readDeclarations(schema)).toBeUndefined();
  });

  it('looks through schemas within bounds', () => {
    expect(readDeclarations(deep(64, REGION))).toHaveLength(1);
    expect(readDeclarations(deep(65, REGION))).toBeUndefined();
    expect(readDeclarations(deep(20_000, REGION))).toBeUndefined();
    expect(readDeclarations({ anyOf: Array(2_000_000).fill(0) })).toEqual([]);
    const wide = (count: number) =>
      object(Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, { type: 'string' }])));
    expect(readDeclarations(wide(9_999))).toEqual([]);
    expect(readDeclarations(wide(10_000))).toBeUndefined();
  });
});
