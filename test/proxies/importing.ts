import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { ImportedPlace } from '../../packages/mcp-cors/src/import/index.js';
import { REVISION_NEEDS, REVISIONS } from '../../packages/mcp-cors/src/policy/index.js';
import type { Line } from '../carriers/vectors.js';
import { exchange, type WireResponse } from '../carriers/wire.js';
import { EVIL } from './scene.js';

/** A configuration as people write them, from `configurations/`. */
export interface Configuration {
  readonly name: string;
  readonly text: string;
  /** The ids of the holes that it has, from its first line. */
  readonly holes: readonly string[];
  /** What in it cannot be followed, by the words that stand there. */
  readonly unread: readonly string[];
}

/** The configurations of a server, with `PORT` and `UPSTREAM` for where they listen and what is behind. */
export function configurationsOf(server: string): readonly Configuration[] {
  const folder = fileURLToPath(new URL(`configurations/${server}/`, import.meta.url));
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const text = readFileSync(`${folder}/${file}`, 'utf8');
      const listed = (key: string): readonly string[] =>
        new RegExp(`^# ${key}: (.*)$`, 'm').exec(text)?.[1]?.split(', ') ?? [];
      return { name: file.replace(/\.\w+$/, ''), text, holes: listed('holes'), unread: listed('not read') };
    });
}

/** The server behind: says that it was reached, answers with the status it is asked for, and has CORS headers on demand. */
export function behind(request: IncomingMessage, response: ServerResponse): void {
  const status = Number(request.headers['x-status'] ?? 200);
  const own = request.headers['x-own-cors'] === undefined ? {} : OWN_HEADERS;
  response.writeHead(status, { 'X-Reached': 'yes', ...own }).end(status === 204 ? undefined : '{}');
}

const OF_THE_SERVER = 'https://of-the-server.example';
const OWN_HEADERS = {
  'Access-Control-Allow-Origin': OF_THE_SERVER,
  'Access-Control-Allow-Credentials': OF_THE_SERVER,
  'Access-Control-Expose-Headers': OF_THE_SERVER,
};

const valuesOf = ({ lines }: WireResponse, name: string): readonly string[] =>
  lines.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
const namesOf = (response: WireResponse, name: string): readonly string[] =>
  valuesOf(response, name)
    .join(',')
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '');
const reached = (response: WireResponse): boolean => valuesOf(response, 'x-reached').length > 0;
const admits = (response: WireResponse, origin: string): boolean =>
  valuesOf(response, 'access-control-allow-origin').some((value) => value === origin || value === '*');

/** Origins near those that configurations name. */
const NEARBY = [
  'https://app.example.com',
  'https://admin.example.com',
  'https://app.example.net',
  'https://a.b.example.com',
  'https://example.com',
  'http://www.example.com',
  'http://localhost:5173',
  'http://localhost:4000',
  'https://evilexample.com',
  'https://app.example.com.evil.example',
  'https://appxexample.com',
  'null',
  EVIL,
];
const NEEDED_METHODS = [...new Set(REVISIONS.flatMap((revision) => REVISION_NEEDS[revision].methods))];
const NEEDED_HEADERS = [
  ...new Set(REVISIONS.flatMap((revision) => REVISION_NEEDS[revision].requestHeaders)),
].map((name) => name.toLowerCase());

/** Holds every verdict of an import to how the real server behaves, by requests. */
export async function holdToServer(
  { enforced, holes }: ImportedPlace,
  port: number,
  stopServerBehind: () => Promise<void>,
): Promise<void> {
  const ids = new Set(holes.map(({ id }) => id));
  const path = /location (?:\^~ |= )?(\/\S*)$/.exec(enforced.name)?.[1] ?? '/v1/mcp';
  const host = /^(?:server |http:\/\/)([a-z0-9.-]+\.[a-z]+)/.exec(enforced.name)?.[1] ?? 'mcp.example.com';
  const send = (method: string, lines: readonly Line[], name = host): Promise<WireResponse> =>
    exchange(port, method, path, [['Host', name], ...lines]);
  const post = (origin: string | undefined, ...lines: readonly Line[]): Promise<WireResponse> =>
    send('POST', [
      ...(origin === undefined ? [] : [['Origin', origin] as const]),
      ['Content-Type', 'application/json'],
      ...lines,
    ]);
  const preflight = (origin: string, method: string, headers: string): Promise<WireResponse> =>
    send('OPTIONS', [
      ['Origin', origin],
      ['Access-Control-Request-Method', method],
      ['Access-Control-Request-Headers', headers],
    ]);
  const matches = (origin: string): boolean =>
    enforced.anyOrigin !== 'no' ||
    (enforced.origins ?? []).some((one) =>
      one.type === 'regexp'
        ? new RegExp(one.source, one.flags).test(origin)
        : one.type === 'exact' && one.text === origin,
    );

  // Which pages get in, and the look-alikes that the import has thought of.
  const named = (enforced.origins ?? []).flatMap((one) => (one.type === 'exact' ? [one.text] : []));
  const exactly = enforced.origins?.every(({ type }) => type !== 'pattern') ?? false;
  for (const origin of new Set([...named, ...(exactly ? NEARBY : [])])) {
    expect(admits(await post(origin), origin), `${origin} is admitted`).toBe(matches(origin));
  }
  for (const { id, subject = '' } of holes) {
    if (id === 'look-alike-admitted') expect(admits(await post(subject), subject), subject).toBe(true);
  }
  const page = [...named, ...NEARBY].find(matches);
  const evil = await post(EVIL);
  expect(ids.has('origins-reflected')).toBe(
    valuesOf(evil, 'access-control-allow-origin').includes(EVIL) && enforced.anyOrigin !== 'no',
  );

  const { conduct } = enforced;
  const foreign = [evil, await post('null'), await send('GET', [['Origin', EVIL]])];
  if (conduct.refusesForeignOrigins !== undefined)
    expect(!foreign.some(reached), 'foreign pages are refused').toBe(conduct.refusesForeignOrigins);
  const rebound = await exchange(port, 'POST', path, [
    ['Host', 'evil.example'],
    ['Content-Type', 'application/json'],
  ]).catch(() => undefined);
  if (enforced.hosts !== undefined)
    expect(rebound !== undefined && reached(rebound), 'another Host').toBe(enforced.hosts === 'unchecked');
  for (const one of Array.isArray(enforced.hosts) ? (enforced.hosts as readonly string[]) : []) {
    const response = await send('POST', [['Content-Type', 'application/json']], one.replace('*', 'a'));
    expect(reached(response), `Host ${one}`).toBe(true);
  }

  // What a page may do.
  if (page === undefined) return;
  const answer = await post(page);
  if (enforced.credentials !== undefined)
    expect(valuesOf(answer, 'access-control-allow-credentials').includes('true')).toBe(enforced.credentials);
  if (enforced.exposedHeaders !== undefined)
    expect(namesOf(answer, 'access-control-expose-headers')).toEqual(
      enforced.exposedHeaders.map((name) => name.toLowerCase()),
    );
  expect(valuesOf(answer, 'access-control-allow-origin').length > 1).toBe(ids.has('headers-twice'));
  const asked = await preflight(page, 'POST', 'content-type');
  const works = asked.status >= 200 && asked.status < 300 && admits(asked, page) && !reached(asked);
  if (conduct.answersPreflights !== undefined) expect(works).toBe(conduct.answersPreflights);
  const trusted = valuesOf(asked, 'access-control-allow-credentials').includes('true');
  expect(!reached(asked) && !(works && (enforced.credentials !== true || trusted))).toBe(
    ids.has('preflights-fail'),
  );
  for (const method of enforced.methods === undefined ? [] : NEEDED_METHODS) {
    const response = await preflight(page, method, 'content-type');
    const listed = namesOf(response, 'access-control-allow-methods').includes(method.toLowerCase());
    const star = namesOf(response, 'access-control-allow-methods').includes('*') && !enforced.credentials;
    const granted = enforced.methods === 'any' || enforced.methods?.includes(method) === true;
    expect(listed || star || ['GET', 'POST'].includes(method), method).toBe(granted);
  }
  for (const name of enforced.allowedHeaders === undefined ? [] : NEEDED_HEADERS) {
    const granted =
      enforced.allowedHeaders === 'any' ||
      enforced.allowedHeaders?.some((one) => one.toLowerCase() === name) === true;
    const response = await preflight(page, 'POST', name);
    expect(namesOf(response, 'access-control-allow-headers').includes(name), name).toBe(granted);
  }
  const age = valuesOf(asked, 'access-control-max-age')[0];
  expect(age === undefined ? undefined : Number(age)).toBe(enforced.maxAgeSeconds);
  const typed = await send('POST', [
    ['Origin', page],
    ['Content-Type', 'text/plain'],
  ]);
  if (conduct.checksContentType !== undefined) expect(!reached(typed)).toBe(conduct.checksContentType);
  if (conduct.passesOtherOptions !== undefined)
    expect(reached(await send('OPTIONS', []))).toBe(conduct.passesOtherOptions);
  if (conduct.replacesApplicationHeaders !== undefined) {
    const doubled = [await post(page, ['X-Own-Cors', '1']), await post(EVIL, ['X-Own-Cors', '1'])];
    expect(!doubled.some(({ lines }) => lines.some(([, value]) => value.includes(OF_THE_SERVER)))).toBe(
      conduct.replacesApplicationHeaders,
    );
  }

  // Errors, of the server and without it.
  const statuses = ['401', '404', '500'];
  const errors = await Promise.all(statuses.map((status) => post(page, ['X-Status', status])));
  const absent = await post(undefined);
  await stopServerBehind();
  errors.push(await post(page));
  if (conduct.coversErrors !== undefined) {
    const exposes = (response: WireResponse): boolean =>
      (enforced.exposedHeaders?.length ?? 0) === 0 ||
      valuesOf(response, 'access-control-expose-headers').length > 0;
    expect(
      errors.every((response) => admits(response, page) && exposes(response)),
      'errors have the headers',
    ).toBe(conduct.coversErrors);
  }
  if (conduct.varies !== undefined) {
    const varies = (response: WireResponse): boolean =>
      namesOf(response, 'vary').some((name) => name === 'origin' || name === '*');
    expect([answer, evil, absent, asked, ...errors].every(varies), 'Vary').toBe(conduct.varies);
  }
}
