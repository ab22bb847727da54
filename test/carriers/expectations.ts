import { expect } from 'vitest';
import { APPLICATION_CORS, APPLICATION_MARK, APPLICATION_VARY } from './application.js';
import type { Answer } from './carriers.js';
import type { HeaderExpectation, Line, Vector } from './vectors.js';

/** What a preflight's answer says and no other response does. */
const PREFLIGHT_HEADERS = [
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
];
/** All that a policy may name in Vary. */
const POLICY_VARY = ['origin', 'access-control-request-method', 'access-control-request-headers'];

/** Holds an answer to what its vector says. */
export function expectVector({ expect: expected, request }: Vector, answer: Answer, onSocket: boolean): void {
  const values = valuesOf(answer.lines);
  expectOutcome(expected.outcome, answer, onSocket);
  if (expected.status !== undefined && (onSocket || expected.outcome !== 'pass')) {
    expect(answer.status, 'status').toBe(expected.status);
  }
  // On a socket only the body of a denial tells the reason.
  const told = !onSocket || (expected.outcome === 'deny' && answer.body !== '' && request.method !== 'HEAD');
  if (expected.reason !== undefined && told) expect(answer.reason, 'reason').toBe(expected.reason);
  if (!onSocket) expect(answer.wouldDeny, 'wouldDeny').toBe(expected.wouldDeny);

  if (expected.body !== undefined && onSocket) expect(answer.body, 'body').toBe(expected.body);
  for (const [name, wanted] of Object.entries(expected.headers)) expectHeader(name, values.get(name), wanted);
  if (expected.vary === undefined) return;
  const vary = membersOf(values.get('vary')).map((member) => member.toLowerCase());
  if (expected.vary.length > 0) {
    expect(vary, 'Vary').toEqual(expect.arrayContaining(expected.vary.map((name) => name.toLowerCase())));
  } else {
    expect(
      vary.filter((name) => POLICY_VARY.includes(name)),
      'Vary of the policy',
    ).toEqual([]);
  }
}

function expectOutcome(outcome: string, answer: Answer, onSocket: boolean): void {
  expect(answer.reached, 'requests that reached the application').toBe(outcome === 'pass' ? 1 : 0);
  if (outcome === 'preflight') expect(answer.status, 'status').toBe(204);
  if (outcome === 'deny' && answer.status !== 204) {
    expect(answer.status, 'status').toBeGreaterThanOrEqual(400);
    expect(answer.status, 'status').toBeLessThan(500);
  }
  if (outcome === 'pass' && !onSocket) expect(answer.status, 'status').toBeUndefined();
  if (!onSocket) return;
  const [name, mark] = APPLICATION_MARK;
  expect(valuesOf(answer.lines).get(name.toLowerCase()), name).toEqual(
    outcome === 'pass' ? [mark] : undefined,
  );
}

function expectHeader(name: string, values: readonly string[] | undefined, wanted: HeaderExpectation): void {
  if (wanted === null) {
    expect(values, name).toBeUndefined();
    return;
  }
  if (typeof wanted === 'string') {
    expect(values, name).toEqual([wanted]);
    return;
  }
  // Methods are case-sensitive, header names are not.
  const inCase = (text: string): string =>
    name === 'access-control-allow-methods' ? text : text.toLowerCase();
  const members = membersOf(values).map(inCase);
  if ('list' in wanted) {
    expect([...members].sort(), name).toEqual(wanted.list.map(inCase).sort());
    return;
  }
  for (const member of wanted.has ?? []) expect(members, name).toContain(inCase(member));
  for (const member of wanted.lacks ?? []) expect(members, name).not.toContain(inCase(member));
}

/** Holds an answer to the laws that need no vector to say them. */
export function expectLaws(vector: Vector, answer: Answer, onSocket: boolean): void {
  const { policy, request, expect: expected } = vector;
  const values = valuesOf(answer.lines);
  if (expected.wouldDeny !== undefined) {
    expectUntouched(request.target, answer, onSocket);
    return;
  }
  const cors = [...values.keys()].filter((name) => name.startsWith('access-control-'));
  for (const name of cors) expect(values.get(name), `the lines of ${name}`).toHaveLength(1);
  const [allowOrigin] = values.get('access-control-allow-origin') ?? [];
  const anyOrigin = [policy.origins].flat().includes('*');

  // What is refused before its origin is admitted gets nothing that lets a page read it, debug mode aside.
  const readable =
    answer.status === 415 || answer.status === 404 || (policy.debug === true && answer.status === 204);
  if (expected.outcome === 'deny' && !readable) expect(cors, 'CORS headers of a denial').toEqual([]);
  if (allowOrigin === undefined) expect(cors, 'CORS headers without Allow-Origin').toEqual([]);
  else expect(allowOrigin).toBe(anyOrigin ? '*' : originOf(request.headers));
  expect(values.get('access-control-allow-credentials'), 'Access-Control-Allow-Credentials').toEqual(
    policy.credentials === true && allowOrigin !== undefined ? ['true'] : undefined,
  );
  expect(values.has('access-control-allow-private-network'), 'Allow-Private-Network').toBe(false);
  if (!isPreflight(vector)) {
    const stray = cors.filter((name) => PREFLIGHT_HEADERS.includes(name));
    expect(stray, 'preflight headers without a preflight').toEqual([]);
  }

  const vary = membersOf(values.get('vary')).map((name) => name.toLowerCase());
  if (!anyOrigin && !vary.includes('*')) expect(vary, 'Vary').toContain('origin');
  expect(new Set(vary).size, `repetitions in Vary: ${vary}`).toBe(vary.length);
  const own = onSocket && answer.reached === 1 ? applicationVary(request.target) : [];
  expect(vary, "the application's own Vary").toEqual(expect.arrayContaining([...own]));
  expect(
    vary.filter((name) => ![...POLICY_VARY, ...own].includes(name)),
    'strangers in Vary',
  ).toEqual([]);

  if (expected.outcome === 'deny' && answer.status !== 204)
    expectDenialBody(request.method, values, answer, onSocket);
}

function isPreflight({ request: { method, headers } }: Vector): boolean {
  const names = headers.map(([name]) => name.toLowerCase());
  return method === 'OPTIONS' && names.includes('origin') && names.includes('access-control-request-method');
}

function originOf(lines: readonly Line[]): string | undefined {
  return valuesOf(lines).get('origin')?.join(', ').trim();
}

/** A JSON-RPC error without an id, with the reason in its data. */
function expectDenialBody(
  method: string,
  values: ReadonlyMap<string, readonly string[]>,
  answer: Answer,
  onSocket: boolean,
): void {
  expect(values.get('content-type'), 'Content-Type of a denial').toEqual(['application/json']);
  if (method === 'HEAD' && onSocket) {
    expect(answer.body, 'the body of an answer to HEAD').toBe('');
    return;
  }
  const message = JSON.parse(answer.body) as Record<string, unknown>;
  expect(Object.keys(message).sort(), 'members of the JSON-RPC error').toEqual(['error', 'jsonrpc']);
  expect(message.jsonrpc).toBe('2.0');
  expect(message.error).toEqual({
    code: expect.any(Number),
    message: expect.any(String),
    data: { reason: answer.reason },
  });
}

/** Report-only mode: a response that would have been refused is the application's own, to the letter. */
function expectUntouched(target: string, answer: Answer, onSocket: boolean): void {
  expect(answer.reached, 'requests that reached the application').toBe(1);
  const own = answer.lines.filter(([name]) => /^(?:access-control-|vary$)/i.test(name));
  const application = [...APPLICATION_CORS, ['Vary', applicationVary(target).join(', ')] as const];
  const lower = (lines: readonly Line[]): string[] =>
    lines.map(([name, value]) => `${name}: ${value}`.toLowerCase()).sort();
  expect(lower(own)).toEqual(onSocket ? lower(application) : []);
}

/** What the application's own Vary names, in lower case. */
function applicationVary(target: string): readonly string[] {
  const query = new URLSearchParams(target.split('?')[1]);
  if (query.get('answer') === 'plain') return [];
  return membersOf([query.get('vary') ?? APPLICATION_VARY]).map((name) => name.toLowerCase());
}

function valuesOf(lines: readonly Line[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of lines) {
    const lower = name.toLowerCase();
    values.set(lower, [...(values.get(lower) ?? []), value]);
  }
  return values;
}

function membersOf(values: readonly string[] | undefined): readonly string[] {
  return (values ?? []).flatMap((value) => value.split(',').map((member) => member.trim()));
}
