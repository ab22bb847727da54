import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { type ImportedPlace, importPolicy } from '../../packages/mcp-cors/src/import/index.js';
import { REVISION_NEEDS, REVISIONS } from '../../packages/mcp-cors/src/policy/index.js';
import { listen, type Served } from '../carriers/carriers.js';
import type { Line } from '../carriers/vectors.js';
import { exchange, type WireResponse } from '../carriers/wire.js';
import { type Program, startServer } from './place.js';
import { EVIL } from './scene.js';

/** A configuration as people write them, from `configurations/`. */
export interface Configuration {
  readonly name: string;
  readonly text: string;
  /** The ids of the holes that it has, from its first line. */
  readonly holes: readonly string[];
  /** What in it cannot be followed, by the words that stand there. */
  readonly unread: readonly string[];
  /** Where the server behind is reached. */
  readonly path: string;
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
      return {
        name: file.replace(/\.\w+$/, ''),
        text,
        holes: listed('holes'),
        unread: listed('not read'),
        path: listed('path')[0] ?? '/mcp',
      };
    });
}

/** The server behind a proxy that is held to its import. */
export interface Behind extends Served {
  /** Writes the last event of every stream. */
  readonly endStreams: () => void;
}

/** It says that it was reached, answers with the status it is asked for, and has CORS headers and streams on demand. */
export async function serveBehind(): Promise<Behind> {
  const streams: ServerResponse[] = [];
  const served = await listen((request: IncomingMessage, response: ServerResponse) => {
    const status = Number(request.headers['x-status'] ?? 200);
    const own = request.headers['x-own-cors'] === undefined ? {} : OWN_HEADERS;
    if (request.headers['x-stream'] === undefined) {
      response.writeHead(status, { 'X-Reached': 'yes', ...own }).end(status === 204 ? undefined : '{}');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: first\n\n');
    streams.push(response);
  });
  let closed = false;
  return {
    port: served.port,
    endStreams: () => {
      for (const stream of streams.splice(0)) stream.end('data: last\n\n');
    },
    close: async () => {
      if (!closed) await served.close();
      closed = true;
    },
  };
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

/** Whom `users` names: requests other than preflights are taken to have their credentials. */
export const USERS = 'mcp:{PLAIN}secret\n';
const SIGNED_IN: readonly Line[] = [['Authorization', `Basic ${btoa('mcp:secret')}`]];

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

/** Opens a stream, and says what has come of it behind the head. */
function openStream(port: number, path: string, lines: readonly Line[]) {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const ended = new Promise<void>((resolve, reject) => {
    socket.once('end', resolve);
    socket.once('error', reject);
  });
  const head = [...lines, ['Accept-Encoding', 'gzip'], ['Connection', 'close']].map((line) =>
    line.join(': '),
  );
  socket.write(`GET ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
  const data = (): string => (text.includes('\r\n\r\n') ? text.slice(text.indexOf('\r\n\r\n') + 4) : '');
  const arrived = new Promise<void>((resolve) => {
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (data() !== '') resolve();
    });
  });
  return { data, untilData: () => arrived, untilEnd: () => ended };
}

/** A pattern with wildcards as an expression. */
function expressionOf(pattern: string): RegExp {
  const escaped = pattern.replaceAll('.', '\\.');
  return new RegExp(`^${escaped.replace('*\\.', '(?:[^./:]+\\.)+').replace(':*', '(?::[0-9]+)?')}$`);
}

/** Holds every verdict of an import to how the real server behaves, by requests. */
export async function holdToServer(
  { enforced, holes }: ImportedPlace,
  port: number,
  path: string,
  server: Behind,
): Promise<void> {
  const ids = new Set(holes.map(({ id }) => id));
  const [first = 'mcp.example.com'] = Array.isArray(enforced.hosts) ? enforced.hosts : [];
  const host = String(first).replace('*', 'a');
  const send = (method: string, lines: readonly Line[], name = host): Promise<WireResponse> =>
    exchange(port, method, path, [['Host', name], ...(method === 'OPTIONS' ? [] : SIGNED_IN), ...lines]);
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
        : one.type === 'exact'
          ? one.text === origin
          : expressionOf(one.text).test(origin),
    );

  // Which pages get in, and the look-alikes that the import has thought of.
  const named = (enforced.origins ?? []).flatMap((one) => (one.type === 'exact' ? [one.text] : []));
  for (const origin of enforced.origins === undefined ? [] : new Set([...named, ...NEARBY])) {
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
    ...SIGNED_IN,
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
    expect(reached(await send('OPTIONS', [['Origin', page]]))).toBe(conduct.passesOtherOptions);
  if (conduct.replacesApplicationHeaders !== undefined) {
    const doubled = [await post(page, ['X-Own-Cors', '1']), await post(EVIL, ['X-Own-Cors', '1'])];
    expect(!doubled.some(({ lines }) => lines.some(([, value]) => value.includes(OF_THE_SERVER)))).toBe(
      conduct.replacesApplicationHeaders,
    );
  }

  // Streams: events come at once, or are held.
  const held = ids.has('streams-buffered') || ids.has('streams-compressed');
  const lines = [['Host', host], ['Origin', page], ['X-Stream', '1'], ...SIGNED_IN] as const;
  if (!conduct.refusesForeignOrigins || matches(page)) {
    const stream = openStream(port, path, lines);
    if (!held) await stream.untilData();
    // Whatever goes through meanwhile, nothing of the stream has come.
    else for (let i = 0; i < 5; i++) await post(page);
    expect(stream.data().length > 0, 'events come at once').toBe(!held);
    server.endStreams();
    await stream.untilEnd();
    expect(stream.data().length).toBeGreaterThan(0);
  }

  // Errors, of the server and without it.
  const statuses = ['401', '404', '500'];
  const errors = await Promise.all(statuses.map((status) => post(page, ['X-Status', status])));
  const absent = await post(undefined);
  await server.close();
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

/** Starts the real server with a configuration, and holds the import of it to that. */
export async function holdConfiguration(
  format: string,
  { text, holes, unread, path }: Configuration,
  program: (text: string, folder: string, ports: readonly number[]) => Program,
): Promise<void> {
  const server = await serveBehind();
  onTestFinished(server.close);
  let written = '';
  const started = await startServer(1, (ports, folder) => {
    written = text.replaceAll('PORT', String(ports[0])).replaceAll('UPSTREAM', `127.0.0.1:${server.port}`);
    return program(written, folder, ports);
  });
  onTestFinished(started.stop);
  const imported = importPolicy(written, { format });
  expect(imported.places).toHaveLength(1);
  const [place] = imported.places as readonly [ImportedPlace];
  await holdToServer(place, started.ports[0] as number, path, server);
  expect([...new Set(place.holes.map(({ id }) => id))].sort()).toEqual(holes);
  expect(imported.unread.map((one) => one.text)).toEqual(unread);
  for (const { line, column } of [...place.holes, ...imported.unread]) {
    expect([line, column]).toEqual([expect.any(Number), expect.any(Number)]);
  }
}
