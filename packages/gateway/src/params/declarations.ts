/** A parameter of a tool whose value is wanted in a header too. */
export interface Declaration {
  /** The keys that lead to it from the call's arguments. */
  readonly path: readonly string[];
  /** The header's whole name, such as `Mcp-Param-Region`. */
  readonly header: string;
}

const KEYWORD = 'x-mcp-header';
const HEADER_PREFIX = 'Mcp-Param-';
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);

/** Keywords of JSON Schema below which nothing may be declared: one subschema, or a list of them. */
const SUBSCHEMA_KEYWORDS = [
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
] as const;

/** The same, with subschemas by name. */
const NAMED_SUBSCHEMA_KEYWORDS = ['patternProperties', 'dependentSchemas', '$defs', 'definitions'] as const;

/** Bounds on what is looked through; a schema beyond them is taken for one that breaks the rules. */
const MAX_DEPTH = 64;
const MAX_SCHEMAS = 10_000;
const MAX_NAME_LENGTH = 128;

type Schema = Readonly<Record<string, unknown>>;

/**
 * What a tool's input schema declares; undefined when a declaration breaks a rule, which makes the tool one that clients
 * must not use. Only properties of type string, integer or boolean, reached through `properties` alone, may be declared,
 * under names that are tokens (RFC 9110 section 5.6.2) and differ in more than case.
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
 */
export function readDeclarations(inputSchema: unknown): readonly Declaration[] | undefined {
  const found: Declaration[] = [];
  const names = new Set<string>();
  let schemas = 0;

  function declare(schema: Schema, path: readonly string[]): boolean {
    const name = schema[KEYWORD];
    if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH || !TOKEN.test(name)) return false;
    if (!TYPES.has(schema.type) || names.has(name.toLowerCase())) return false;
    names.add(name.toLowerCase());
    found.push({ path, header: HEADER_PREFIX + name });
    return true;
  }

  /** Whether a schema and all below it keep the rules. */
  function visit(node: unknown, path: readonly string[], reachable: boolean): boolean {
    if (!isSchema(node)) return true;
    if (++schemas > MAX_SCHEMAS || path.length > MAX_DEPTH) return false;
    if (KEYWORD in node && (!reachable || path.length === 0 || !declare(node, path))) return false;
    if (isSchema(node.properties)) {
      for (const [key, child] of Object.entries(node.properties)) {
        if (!visit(child, [...path, key], reachable)) return false;
      }
    }
    for (const child of unreachableSchemas(node)) {
      if (!visit(child, [...path, ''], false)) return false;
    }
    return true;
  }

  return visit(inputSchema, [], true) ? found : undefined;
}

/** Subschemas below which nothing may be declared, one after the other: a list of them can be very long. */
function* unreachableSchemas(schema: Schema): Generator<unknown> {
  for (const keyword of SUBSCHEMA_KEYWORDS) {
    const below = schema[keyword];
    if (Array.isArray(below)) yield* below;
    else yield below;
  }
  for (const keyword of NAMED_SUBSCHEMA_KEYWORDS) {
    const below = schema[keyword];
    if (isSchema(below)) yield* Object.values(below);
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}
