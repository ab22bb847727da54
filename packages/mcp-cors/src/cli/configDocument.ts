import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type ParsedNode,
  Parser,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import type { JsonSchema } from '../policy/schema.js';
import { asExpected, type Expectation, expectBelow, expectWhole } from './expectation.js';
import { type PlacedProblem, type Problem, withoutValues } from './problem.js';
import { type Substitution, substitute } from './references.js';

/** A configuration file that was read, with what is needed to say where something stands in it. */
export interface ConfigDocument {
  /** The configuration, with the values of environment variables in it; undefined when the text cannot be read at all. */
  readonly value: unknown;
  /** What is wrong with the text and with its references. */
  readonly problems: readonly PlacedProblem[];
  /** The values that came from the environment, by name. */
  readonly variables: ReadonlyMap<string, string>;
  /**
   * Finds the places of problems, and takes out of them what came from the environment. Those that only follow from a
   * reference that could not be replaced are left out.
   */
  place(problems: readonly Problem[]): readonly PlacedProblem[];
}

/** Far more than a configuration has. */
const MOST_LEVELS = 64;

const TOO_DEEP: PlacedProblem = {
  code: 'yaml-depth',
  path: '',
  message: 'lists and mappings are nested too deeply to be read',
  remedy: 'See whether the file is a configuration: one has fewer than ten levels',
  line: 1,
  column: 1,
};

/**
 * Whether lists and mappings are nested so deeply that reading them could come to the end of the stack, where the engine
 * may end the process instead of throwing.
 */
function isTooDeep(text: string): boolean {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const _ of parser.next(lexeme)); // what it gives is of no use here
    if (parser.stack.length > MOST_LEVELS) return true;
  }
  return false;
}

/** Reads a configuration (YAML; JSON is YAML too). Values of the environment can change texts, never the structure. */
export function readConfigDocument(
  text: string,
  schema: JsonSchema,
  environment: NodeJS.ProcessEnv = process.env,
): ConfigDocument {
  if (isTooDeep(text))
    return { value: undefined, problems: [TOO_DEEP], variables: new Map(), place: () => [] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const faults: PlacedProblem[] = document.errors.slice(0, MOST_SYNTAX_ERRORS).map(({ message, pos }) => ({
    code: 'yaml-syntax',
    path: '',
    message,
    remedy: text.slice(pos[0] - 1, pos[0] + 1) === '${' ? QUOTE_REFERENCES : 'Correct the YAML at that place',
    ...at(pos[0]),
  }));
  const variables = new Map<string, string>();
  if (faults.length > 0) return { value: undefined, problems: faults, variables, place: () => [] };

  const substitutions = replaceReferences(document, schema, environment);
  for (const [node, { names, missing, faulty }] of substitutions) {
    for (const name of names) variables.set(name, environment[name] as string);
    const here = { path: '', ...at(node.range?.[0] ?? 0) };
    faults.push(...missing.map((name) => ({ ...variableMissing(name), ...here })));
    faults.push(...faulty.map((found) => ({ ...referenceFaulty(found), ...here })));
  }

  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error; // an alias of nothing, or too many aliases
    const remedy = 'Write the values out instead of using aliases';
    const place = at(unresolvedAlias(document)?.range?.[0] ?? 0);
    faults.push({ code: 'yaml-alias', path: '', message: error.message, remedy, ...place });
  }

  const place = (problem: Problem): PlacedProblem | undefined => {
    const { node, key, found } = findNode(document, problem.path);
    const below = found ? substitutionsBelow(node, document, substitutions) : [];
    const follows = below.some(({ missing, faulty }) => missing.length > 0 || faulty.length > 0);
    if (follows && problem.code !== 'unknown-key') return undefined;
    const shown = problem.code === 'unknown-key' && found ? (key ?? node) : node;
    const names = new Set(below.flatMap((substitution) => substitution.names));
    return { ...withoutValues(problem, names, variables), ...at(shown?.range?.[0] ?? 0) };
  };
  return {
    value,
    problems: faults,
    variables,
    place: (problems) => problems.map(place).filter((placed) => placed !== undefined),
  };
}

/** One syntax error brings others with it. */
const MOST_SYNTAX_ERRORS = 5;
const QUOTE_REFERENCES = "Inside braces and brackets, put references in quotes: '${NAME}'";

function unresolvedAlias(document: Document.Parsed): Node | undefined {
  let found: Node | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      found = alias;
      return visit.BREAK;
    },
  });
  return found;
}

const variableMissing = (name: string) => ({
  code: 'variable-missing',
  message: `the environment variable ${name} is not set`,
  remedy: `Set it, or give a default: \${${name}:-default}`,
});

const referenceFaulty = (found: string) => ({
  code: 'reference-syntax',
  message: `${JSON.stringify(found.slice(0, 40))} is no reference to an environment variable`,
  remedy: 'Write ${NAME} or ${NAME:-default}; $${ stands for ${ itself',
});

type Substitutions = ReadonlyMap<Node, Substitution>;

/** Replaces the references in the texts of a document, and says in which. */
function replaceReferences(
  document: Document.Parsed,
  schema: JsonSchema,
  environment: NodeJS.ProcessEnv,
): Substitutions {
  const substitutions = new Map<Node, Substitution>();
  const walk = (node: unknown, expected: Expectation): void => {
    if (isScalar(node)) replaceIn(node, expected);
    else if (isSeq(node)) for (const item of node.items) walk(item, expectBelow(expected, 0, schema));
    else if (isMap(node)) {
      for (const { key, value } of node.items) walk(value, expectBelow(expected, keyOf(key), schema));
    }
  };
  const replaceIn = (node: Scalar, expected: Expectation): void => {
    if (typeof node.value !== 'string' || !node.value.includes('${')) return;
    const substitution = substitute(node.value, environment);
    substitutions.set(node, substitution);
    node.value = substitution.whole ? asExpected(substitution.text, expected) : substitution.text;
  };
  walk(document.contents, expectWhole(schema));
  return substitutions;
}

function substitutionsBelow(
  node: Node | null,
  document: Document.Parsed,
  substitutions: Substitutions,
  seen: Set<Node> = new Set(),
): readonly Substitution[] {
  const target = isAlias(node) ? node.resolve(document) : node;
  if (target === undefined || target === null || seen.has(target)) return [];
  seen.add(target);
  const below = (inner: unknown) => substitutionsBelow(inner as Node | null, document, substitutions, seen);
  if (isMap(target)) return target.items.flatMap(({ value }) => below(value));
  if (isSeq(target)) return target.items.flatMap(below);
  const own = substitutions.get(target);
  return own === undefined ? [] : [own];
}

/** The node at a path such as `routes[0].policy.endpoints["/x"]`; where there is none, the nearest one around it. */
function findNode(
  document: Document.Parsed,
  path: string,
): { readonly node: Node | null; readonly key: Node | undefined; readonly found: boolean } {
  let node: ParsedNode | Node | null = document.contents;
  let key: Node | undefined;
  let rest = path === '(file)' ? '' : path;
  while (rest !== '') {
    const step = stepInto(isAlias(node) ? (node.resolve(document) ?? null) : node, rest);
    if (step === undefined) return { node, key, found: false };
    node = step.node ?? step.key ?? node;
    key = step.key;
    rest = step.rest;
  }
  return { node, key, found: true };
}

interface Step {
  readonly node: Node | null;
  readonly key: Node | undefined;
  readonly rest: string;
}

/** Goes one step down a path. Keys may hold dots and brackets, so the longest that fits is taken. */
function stepInto(node: Node | null, path: string): Step | undefined {
  if (isSeq(node)) {
    const [whole, index] = /^\[([0-9]+)\]\.?/.exec(path) ?? [];
    const item = whole === undefined ? undefined : node.items[Number(index)];
    return item === undefined
      ? undefined
      : { node: item as Node | null, key: undefined, rest: path.slice((whole as string).length) };
  }
  if (!isMap(node)) return undefined;
  let best: (Step & { readonly length: number }) | undefined;
  for (const { key, value } of node.items) {
    for (const written of [keyOf(key), `[${JSON.stringify(keyOf(key))}]`]) {
      if (!path.startsWith(written) || written.length <= (best?.length ?? 0)) continue;
      const rest = path.slice(written.length);
      if (rest !== '' && !/^[.[]/.test(rest)) continue;
      const below = { node: value as Node | null, key: key as Node, rest: rest.replace(/^\./, '') };
      best = { ...below, length: written.length };
    }
  }
  return best;
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}
