import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Outcome, StaticPolicyConfig } from 'mcp-cors';
import { createPlace, type Place } from './place.js';

/** The carriers, in the order in which they come to a request. */
export const CARRIER_NAMES = [
  'policy',
  'node',
  'http2',
  'express',
  'express4',
  'fastify',
  'koa',
  'fetch',
  'hono',
  'gateway',
] as const;
export type CarrierName = (typeof CARRIER_NAMES)[number];

/** A header line: its name as it is sent, and its value. */
export type Line = readonly [name: string, value: string];

/** A request as it is put on the wire. */
export interface VectorRequest {
  readonly method: string;
  readonly target: string;
  /** `https` can be shown to the policy alone: the sockets of the other carriers are plain. */
  readonly scheme: 'http' | 'https';
  readonly headers: readonly Line[];
}

/** What a response header must be: a value; absent; the members of a list, all or some of them. */
export type HeaderExpectation =
  | string
  | null
  | { readonly list: readonly string[] }
  | { readonly has?: readonly string[]; readonly lacks?: readonly string[] };

/** What must come out of a request. */
export interface Expectation {
  readonly outcome: Outcome;
  readonly reason?: string;
  /** In report-only mode: the reason of the denial that is not enforced. */
  readonly wouldDeny?: string;
  readonly status?: number;
  /** The whole body, where one comes over a socket. */
  readonly body?: string;
  readonly headers: Readonly<Record<string, HeaderExpectation>>;
  readonly vary?: readonly string[];
}

/** A case that every carrier must pass. */
export interface Vector {
  readonly file: string;
  readonly name: string;
  readonly source: string;
  readonly policy: StaticPolicyConfig;
  readonly request: VectorRequest;
  readonly expect: Expectation;
  /** The carriers that can be shown the request. */
  readonly only: readonly CarrierName[];
  /** Why single carriers are not shown it. */
  readonly except: Readonly<Partial<Record<CarrierName, string>>>;
  /** What an HTTP parser answers before any carrier hears of the request. */
  readonly wire?: { readonly status: number };
  /** Why not every carrier is shown the request, or why a parser answers it. */
  readonly why?: string;
}

/** A file of vectors. */
export interface VectorFile {
  readonly file: string;
  readonly title: string;
  readonly vectors: readonly Vector[];
}

const FOLDER = fileURLToPath(new URL('../vectors/', import.meta.url));

/** Reads every file of vectors. Throws one error with everything that is wrong with them. */
export function loadVectors(): readonly VectorFile[] {
  const problems: string[] = [];
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  const files = names.sort().map((name) => {
    const reading = readVectors(name, JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')));
    problems.push(...reading.problems);
    return reading.file;
  });
  if (problems.length > 0) throw new Error(`${problems.length} problems in vectors:\n${problems.join('\n')}`);
  return files;
}

/** The vectors of one parsed file, and everything that is wrong with them. */
export function readVectors(
  file: string,
  content: unknown,
): { readonly file: VectorFile; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const root = createPlace(file, content, problems);
  root.allowKeys('title', 'policies', 'vectors');
  const policies = new Map(root.at('policies').entries());
  const names = new Set<string>();
  const used = new Set<string>();

  const vectors = root
    .at('vectors')
    .items()
    .map((place): Vector => {
      place.allowKeys('name', 'source', 'policy', 'request', 'expect', 'only', 'except', 'wire', 'why');
      const name = place.at('name').text();
      const named = createPlace(`${file}: ${name}`, place.value, problems);
      if (names.has(name)) named.fault('the name is taken by another vector of the file');
      names.add(name);
      const policyName = named.at('policy').text();
      used.add(policyName);
      if (!policies.has(policyName)) named.at('policy').fault(`there is no policy ${policyName}`);
      const only = named.has('only')
        ? named
            .at('only')
            .items()
            .map((item) => item.oneOf(CARRIER_NAMES))
        : CARRIER_NAMES;
      const except = readExceptions(named.at('except'));
      if ((named.has('only') || named.has('wire')) !== named.has('why')) {
        named.fault('`why` belongs to `only` and `wire`, and they to it');
      }
      return {
        file,
        name,
        source: named.at('source').text(),
        policy: policies.get(policyName)?.value as StaticPolicyConfig,
        request: readRequest(named.at('request')),
        expect: readExpectation(named.at('expect')),
        only: only.filter((carrier) => except[carrier] === undefined),
        except,
        ...(named.has('wire') ? { wire: readWire(named.at('wire')) } : {}),
        ...(named.has('why') ? { why: named.at('why').text() } : {}),
      };
    });
  problems.push(...findRepeatedQuestions(vectors));
  for (const [name, place] of policies) if (!used.has(name)) place.fault('no vector uses this policy');
  return { file: { file, title: root.at('title').text(), vectors }, problems };
}

function readRequest(place: Place): VectorRequest {
  place.allowKeys('method', 'target', 'scheme', 'headers');
  return {
    method: place.at('method').text(),
    target: place.at('target').text(),
    scheme: place.has('scheme') ? place.at('scheme').oneOf(['http', 'https'] as const) : 'http',
    headers: place
      .at('headers')
      .items()
      .map((line): Line => [line.at(0).text(), readValue(line.at(1))]),
  };
}

/** A header value: a text, or a long one as `{ repeat, times, before, after }` in which `{n}` counts. */
function readValue(place: Place): string {
  if (typeof place.value === 'string') return place.value;
  place.allowKeys('before', 'repeat', 'times', 'after');
  const part = (key: string): string => (place.has(key) ? place.at(key).text() : '');
  const unit = place.at('repeat').text();
  const times = place.at('times').whole();
  const middle = Array.from({ length: times }, (_, n) => unit.replaceAll('{n}', String(n))).join('');
  return part('before') + middle + part('after');
}

function readExpectation(place: Place): Expectation {
  place.allowKeys('outcome', 'reason', 'wouldDeny', 'status', 'body', 'headers', 'vary');
  const headers = place.has('headers') ? place.at('headers').entries() : [];
  return {
    outcome: place.at('outcome').oneOf(['pass', 'preflight', 'deny'] as const),
    ...(place.has('reason') ? { reason: place.at('reason').text() } : {}),
    ...(place.has('wouldDeny') ? { wouldDeny: place.at('wouldDeny').text() } : {}),
    ...(place.has('status') ? { status: place.at('status').whole() } : {}),
    ...(place.has('body') ? { body: place.at('body').text() } : {}),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, readHeaderExpectation(name, value)])),
    ...(place.has('vary') ? { vary: place.at('vary').texts() } : {}),
  };
}

function readHeaderExpectation(name: string, place: Place): HeaderExpectation {
  if (name !== name.toLowerCase()) place.fault('the names of expected headers are in lower case');
  if (name === 'vary') place.fault('say what Vary must hold in `vary`');
  if (place.value === null) return null;
  if (typeof place.value === 'string') return place.value;
  place.allowKeys('list', 'has', 'lacks');
  if (place.has('list')) return { list: place.at('list').texts() };
  if (!place.has('has') && !place.has('lacks')) place.fault('has neither `list` nor `has` nor `lacks`');
  return {
    ...(place.has('has') ? { has: place.at('has').texts() } : {}),
    ...(place.has('lacks') ? { lacks: place.at('lacks').texts() } : {}),
  };
}

/** Carriers and, for each, why it cannot be shown the request. */
function readExceptions(place: Place): Readonly<Partial<Record<CarrierName, string>>> {
  if (place.value === undefined) return {};
  place.allowKeys(...CARRIER_NAMES);
  return Object.fromEntries(place.entries().map(([name, why]) => [name, why.text()]));
}

function readWire(place: Place): { readonly status: number } {
  place.allowKeys('status');
  return { status: place.at('status').whole() };
}

/** Vectors of a file that put the same request to the same policy: one is superfluous, or they contradict each other. */
function findRepeatedQuestions(vectors: readonly Vector[]): readonly string[] {
  const asked = new Map<string, string>();
  const problems: string[] = [];
  for (const { file, name, policy, request } of vectors) {
    const question = JSON.stringify([policy, request]);
    const before = asked.get(question);
    if (before !== undefined) problems.push(`${file}: ${name}: asks the same as ${before}`);
    asked.set(question, name);
  }
  return problems;
}
