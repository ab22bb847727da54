import type { JsonSchema } from '../policy/schema.js';

/** What a JSON Schema expects at one place: all the schemas of which one may hold there. */
export type Expectation = readonly JsonSchema[];

/** What a schema expects of the whole. */
export function expectWhole(schema: JsonSchema): Expectation {
  return alternatives(schema, schema);
}

/** What is expected below a key, or of the items of a list. */
export function expectBelow(expectation: Expectation, key: string | number, root: JsonSchema): Expectation {
  return expectation.flatMap((schema) => {
    const below =
      typeof key === 'number'
        ? schema.items
        : ((schema.properties as JsonSchema | undefined)?.[key] ?? schema.additionalProperties);
    return isSchema(below) ? alternatives(below, root) : [];
  });
}

/**
 * A text as the number or the flag that it stands for, where that is expected and a text is not. Elsewhere it stays a
 * text, also when it looks like a number: a secret may be all digits.
 */
export function asExpected(text: string, expectation: Expectation): string | number | boolean {
  if (expectation.some((schema) => takesText(schema, text))) return text;
  const types = expectation.map(({ type }) => type);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const numeric = types.includes('integer') || types.includes('number');
  return numeric && /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/.test(text) ? Number(text) : text;
}

function takesText({ type, pattern, enum: choices }: JsonSchema, text: string): boolean {
  if (Array.isArray(choices)) return choices.includes(text);
  return type === 'string' && (typeof pattern !== 'string' || new RegExp(pattern, 'u').test(text));
}

/** A schema with those that stand in its place. */
function alternatives(schema: JsonSchema, root: JsonSchema): Expectation {
  const { $ref, anyOf, oneOf } = schema;
  if (typeof $ref === 'string') {
    const target = $ref
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((at, name) => (at as JsonSchema | undefined)?.[name], root);
    return isSchema(target) ? alternatives(target, root) : [];
  }
  const choices = [anyOf, oneOf].flat().filter(isSchema);
  return choices.length === 0 ? [schema] : choices.flatMap((choice) => alternatives(choice, root));
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
