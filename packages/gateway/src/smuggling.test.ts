import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { aWhile, connectRaw, eventually, PAGE, send } from '../../../test/gateway/client.js';
import { startTestGateway, testCertificate } from '../../../test/gateway/gateway.js';
import { type StrictUpstream, startStrictUpstream } from '../../../test/gateway/strictUpstream.js';

/** What stands for an admitted request: a native client's, which sends no Origin. */
const HOST = 'Host: localhost\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
/** What an attacker would have the upstream take for a request of its own. */
const SMUGGLED = `GET /smuggled HTTP/1.1\r\n${HOST}\r\n`;

const post = (fields: string, rest: string): string =>
  `POST /mcp HTTP/1.1\r\n${HOST}${JSON_TYPE}${fields}\r\n${rest}`;
const chunked = (rest: string, fields = ''): string => post(`Transfer-Encoding: chunked\r\n${fields}`, rest);
const coded = (coding: string): string => post(`Transfer-Encoding:${coding}\r\n`, `0\r\n\r\n${SMUGGLED}`);
const get = (fields: string, target = '/mcp', version = 'HTTP/1.1'): string =>
  `GET ${target} ${version}\r\n${fields}\r\n`;

/** Name, bytes, the status that the client reads first, and what the upstream sees of it whole. */
type Case = readonly [name: string, bytes: string, status: number, seen?: string | undefined];

const LENGTHS: readonly Case[] = [
  ['two that differ', post('Content-Length: 2\r\nContent-Length: 60\r\n', `{}${SMUGGLED}`), 400],
  ['two that agree', post('Content-Length: 2\r\nContent-Length: 2\r\n', `{}${SMUGGLED}`), 400],
  ['a list', post('Content-Length: 2, 2\r\n', '{}'), 400],
  ['a sign', post('Content-Length: +2\r\n', '{}'), 400],
  ['less than nothing', post('Content-Length: -2\r\n', '{}'), 400],
  ['hexadecimal', post('Content-Length: 0x2\r\n', '{}'), 400],
  ['a space inside', post('Content-Length: 1 2\r\n', '{}'), 400],
  ['empty', post('Content-Length:\r\n', `{}${SMUGGLED}`), 400],
  ['one that overflows', post('Content-Length: 18446744073709551618\r\n', '{}'), 400],
  [
    'beside a coding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SMUGGLED}`),
    400,
  ],
  [
    'behind a coding',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${SMUGGLED}`),
    400,
  ],
  ['a space before the colon', post('Content-Length : 2\r\n', '{}'), 400],
];

const CODINGS: readonly Case[] = [
  ['of another name', coded(' xchunked'), 501],
  ['chunked, and then another', coded(' chunked, identity'), 400],
  ['another before chunked', coded(' identity, chunked'), 501],
  ['gzip before chunked', coded(' gzip, chunked'), 501],
  ['chunked twice', coded(' chunked, chunked'), 400],
  ['chunked in two lines', coded(' chunked\r\nTransfer-Encoding: chunked'), 400],
  ['another in a line before', coded(' identity\r\nTransfer-Encoding: chunked'), 501],
  ['identity', coded(' identity'), 501],
  ['empty', coded(''), 400],
  ['a vertical tab', coded(' \x0bchunked'), 400],
  ['quoted', coded(' "chunked"'), 501],
  ['a parameter', coded(' chunked;a=b'), 501],
  ['folded', coded('\r\n chunked'), 400],
  ['a space before the colon', post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${SMUGGLED}`), 400],
  ['in HTTP/1.0', coded(' chunked').replace('HTTP/1.1', 'HTTP/1.0'), 400],
  ['in capitals', chunked('2\r\n{}\r\n0\r\n\r\n').replace('chunked', 'CHUNKED'), 200, '{}'],
  ['behind a tab', chunked('2\r\n{}\r\n0\r\n\r\n').replace(' chunked', '\tchunked'), 200, '{}'],
];

const CHUNKS: readonly Case[] = [
  ['an extension', chunked('2;a=b\r\n{}\r\n0\r\n\r\n'), 200, '{}'],
  ['an extension with a bare LF', chunked(`2;a\n{}\r\n0\r\n\r\n${SMUGGLED}`), 400],
  ['an extension without an end', chunked(`2;${'a'.repeat(20_000)}`), 413],
  ['an open quote in an extension', chunked('2;a="\r\n{}\r\n0\r\n\r\n'), 400],
  ['a size behind a bare LF', chunked('2\n{}\r\n0\r\n\r\n'), 400],
  ['a size with a prefix', chunked('0x2\r\n{}\r\n0\r\n\r\n'), 400],
  ['a size with a space', chunked('2 \r\n{}\r\n0\r\n\r\n'), 400],
  ['a size below nothing', chunked('-2\r\n{}\r\n0\r\n\r\n'), 400],
  ['a size that overflows', chunked('10000000000000002\r\n{}\r\n0\r\n\r\n'), 400],
  ['more than its size', chunked(`2\r\n{}x\r\n0\r\n\r\n${SMUGGLED}`), 400],
  ['less than its size', chunked('3\r\n{}\r\n0\r\n\r\n'), 400],
  ['trailers of other names', chunked('2\r\n{}\r\n0\r\nOrigin: x\r\nX-A: b\r\n\r\n'), 200, '{}'],
  [
    'a trailer that overrides the length',
    chunked(`2\r\n{}\r\n0\r\nContent-Length: 90\r\n\r\n${SMUGGLED}`),
    400,
  ],
];

const LINES: readonly Case[] = [
  ['a folded header', get(`${HOST}X-A: a\r\n b\r\n`), 400],
  ['a folded first header', get(` X-A: a\r\n${HOST}`), 400],
  ['bare LF for all ends', 'GET /mcp HTTP/1.1\nHost: localhost\n\n', 400],
  ['bare LF for one end', get(`${HOST}X-A: a\nX-B: b\r\n`), 400],
  ['bare LF before the body', 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\n{}', 400],
  ['bare CR in a value', get(`${HOST}X-A: a\rX-B: b\r\n`), 400],
  ['NUL in a value', get(`${HOST}X-A: a\0b\r\n`), 400],
  ['NUL in a name', get(`${HOST}X\0A: a\r\n`), 400],
  ['a control character in a value', get(`${HOST}X-A: a\x01b\r\n`), 400],
  ['DEL in a value', get(`${HOST}X-A: a\x7fb\r\n`), 400],
  ['a high byte in a name', get(`${HOST}X\xff: a\r\n`), 400],
  ['a high byte in a value', get(`${HOST}X-A: h\xe9\r\n`), 200, ''],
  ['an empty name', get(`${HOST}: a\r\n`), 400],
  ['no colon', get(`${HOST}XA\r\n`), 400],
  ['a space in a name', get(`${HOST}X A: a\r\n`), 400],
  ['a header without an end', get(`${HOST}X-A: ${'a'.repeat(40_000)}\r\n`), 431],
  ['headers without an end', get(`${HOST}${'X-A: a\r\n'.repeat(5_000)}`), 431],
  ['a target without an end', get(HOST, `/${'a'.repeat(40_000)}`), 431],
];

const FORMS: readonly Case[] = [
  ['an absolute form', get(HOST, 'http://evil.example/mcp'), 400],
  ['an absolute form of ourselves', get(HOST, 'http://localhost/mcp'), 400],
  ['an authority form', get(HOST, 'evil.example:443'), 400],
  ['CONNECT', `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`, 501],
  ['an upgrade to a WebSocket', get(`${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n`), 200, ''],
  [
    'an upgrade to HTTP/2',
    get(`${HOST}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n`),
    200,
    '',
  ],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/2.0 in words', get(HOST, '/mcp', 'HTTP/2.0'), 505],
  ['HTTP/1.2', get(HOST, '/mcp', 'HTTP/1.2'), 400],
  ['HTTP/0.9', 'GET /mcp\r\n\r\n', 505],
  ['no Host', get(''), 400],
  ['two Hosts', get(`${HOST}Host: evil.example\r\n`), 403],
  ['two Hosts that agree', get(`${HOST}${HOST}`), 403],
  ['an unknown method', `FOO /mcp HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a method in lower case', `get /mcp HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a space in the target', get(HOST, '/a b'), 400],
  ['a high byte in the target', get(HOST, '/\xff'), 400],
  ['a control character in the target', get(HOST, '/\x01'), 400],
  ['an expectation', post('Expect: 100-continue\r\nContent-Length: 2\r\n', '{}'), 100, '{}'],
  ['an unknown expectation', post('Expect: 200-maybe\r\nContent-Length: 2\r\n', '{}'), 417],
  ['a body with GET', get(`${HOST}Content-Length: 2\r\n`).concat('{}'), 200, '{}'],
];

/** Sends bytes, and gathers what comes until the connection closes or an answer to the last request is there. */
async function exchange(url: string, bytes: string): Promise<string> {
  const { socket, received } = await connectRaw(url, bytes);
  await eventually(() => {
    const text = received();
    const answered = /^HTTP\/1\.1 [2-5]/m.test(text.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, ''));
    expect(answered || socket.destroyed).toBe(true);
  });
  await eventually(() => expect(socket.readableEnded || isWhole(received())).toBe(true));
  return received();
}

/** Whether an answer has all the bytes that its head promises. */
function isWhole(text: string): boolean {
  const [head = '', body] = text.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, '').split('\r\n\r\n', 2);
  const length = /^content-length: ([0-9]+)$/im.exec(head)?.[1];
  if (body === undefined) return false;
  return length === undefined ? body.endsWith('0') || body.includes('0\r\n') : body.length >= Number(length);
}

/** Expects that the connections to the upstream still carry one answer for each request. */
async function expectInStep(url: string, upstream: StrictUpstream): Promise<void> {
  for (const body of ['{"a":1}', '{"b":2}', '{"c":3}']) {
    const answer = await send(url, { body });
    expect(answer.body.toString()).toBe(`POST /mcp HTTP/1.1|${body}`);
  }
  expect(upstream.faults).toEqual([]);
}

const TABLES: Readonly<Record<string, readonly Case[]>> = {
  'a length': LENGTHS,
  'a coding': CODINGS,
  'a chunked body': CHUNKS,
  'a header line': LINES,
  'a request line': FORMS,
};

describe.each(Object.entries(TABLES))('%s that is not as it should be', (_, cases) => {
  for (const [name, bytes, status, seen] of cases) {
    it(`${name}: ${status}`, async () => {
      const upstream = await startStrictUpstream();
      const gateway = await startTestGateway(upstream);
      const text = await exchange(gateway.url, bytes);
      expect(text.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
      expect(text).not.toContain('/smuggled');
      expect(upstream.requests.map(({ body }) => body)).toEqual(seen === undefined ? [] : [seen]);
      // Were a connection to the upstream used again on which a request broke off, it would get the next one's answer.
      await expectInStep(gateway.url, upstream);
    });
  }
});

test('headers that frame a message never reach the upstream from a client', async () => {
  const upstream = await startStrictUpstream();
  const gateway = await startTestGateway(upstream);
  const fields = 'Connection: close, X-Hop, Content-Length\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n';
  await exchange(gateway.url, post(`${fields}Upgrade: h2c\r\nTrailer: Host\r\nContent-Length: 2\r\n`, '{}'));
  const [request] = upstream.requests;
  expect(request?.body).toBe('{}');
  for (const name of ['x-hop', 'te', 'keep-alive', 'upgrade', 'trailer']) {
    expect(request?.headers.has(name), name).toBe(false);
  }
});

test('a request behind one that is refused on a connection is not read', async () => {
  const upstream = await startStrictUpstream();
  const gateway = await startTestGateway(upstream);
  for (const first of [coded(''), coded(' gzip, chunked'), get(HOST, '/mcp', 'HTTP/2.0')]) {
    const text = await exchange(gateway.url, `${first}${SMUGGLED}${SMUGGLED}`);
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  }
  expect(upstream.requests).toEqual([]);
});

test('an upstream that answers before it has the body is not sent another request behind it', async () => {
  const upstream = await startStrictUpstream();
  const gateway = await startTestGateway(upstream);
  // The body is promised and never comes: the upstream holds half a request when the client goes.
  const { socket } = await connectRaw(gateway.url, post('Content-Length: 100000\r\n', '{'));
  await eventually(() => expect(socket.bytesWritten).toBeGreaterThan(0));
  socket.destroy();
  await expectInStep(gateway.url, upstream);
  await eventually(() => expect(upstream.unfinished()).toBeLessThanOrEqual(1));
});

describe('random bytes', () => {
  const requests: readonly string[] = [
    post('Content-Length: 7\r\nX-Id: 1\r\n', '{"a":1}'),
    chunked('7\r\n{"b":2}\r\n0\r\n\r\n', 'X-Id: 2\r\n'),
    chunked('3;x=y\r\n{"b\r\n4\r\n":2}\r\n0\r\nX-T: 1\r\n\r\n'),
    get(`${HOST}Origin: ${PAGE}\r\nAccept: text/event-stream\r\n`),
    post('Connection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 2\r\n', '{}'),
  ];
  /** Bytes that parsers stumble over more often than over others. */
  const byte = fc.oneof(
    fc.constantFrom(...[0, 9, 10, 11, 13, 32, 44, 48, 58, 59, 127, 255]),
    fc.integer({ min: 0, max: 255 }),
  );
  const mutation = fc.record({ at: fc.nat(400), byte, how: fc.constantFrom('replace', 'insert', 'remove') });

  function mutate(text: string, mutations: readonly { at: number; byte: number; how: string }[]): string {
    let out = text;
    for (const { at, byte: code, how } of mutations) {
      const i = at % out.length;
      const put = how === 'remove' ? '' : String.fromCharCode(code);
      out = out.slice(0, i) + put + out.slice(how === 'insert' ? i : i + 1);
    }
    return out;
  }

  it.each(['http', 'https'])(
    'in requests on a kept connection over %s never take it out of step',
    async (scheme) => {
      const upstream = await startStrictUpstream();
      const tls = scheme === 'https' ? testCertificate().files : undefined;
      const gateway = await startTestGateway(upstream, { tls });
      const property = fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...requests), fc.array(mutation, { maxLength: 3 })), {
          minLength: 1,
          maxLength: 3,
        }),
        async (parts) => {
          const before = upstream.requests.length;
          const bytes = parts.map(([text, mutations]) => mutate(text, mutations)).join('');
          const { socket, received } = await connectRaw(gateway.url, bytes);
          const seen = (): number => upstream.requests.length - before;
          const answered = (): number => received().match(/^X-Upstream: yes/gim)?.length ?? 0;
          const broken = (): boolean => socket.destroyed || socket.readableEnded;
          await quiet(() => `${received().length} ${seen()} ${broken()}`);
          await eventually(() => expect(broken() || answered() === seen()).toBe(true));
          socket.destroy();
          expect(upstream.faults).toEqual([]);
          // Each answer is to one request; those that were under way when the rest proved bad go unanswered.
          expect(answered()).toBeLessThanOrEqual(seen());
          expect(seen()).toBeLessThanOrEqual(parts.length);
        },
      );
      await fc.assert(property, { numRuns: 60, seed: 20_261_123 });
      await expectInStep(gateway.url, upstream);
    },
    60_000,
  );
});

/** Waits until something has not changed for a while: for several looks, since one may come late on a busy machine. */
async function quiet(state: () => string): Promise<void> {
  for (let [before, looks] = ['', 0]; looks < 3; ) {
    await aWhile(15);
    looks = state() === before ? looks + 1 : 0;
    before = state();
  }
}

test('a client that closes its side after its request is not taken for another', async () => {
  const upstream = await startStrictUpstream();
  const gateway = await startTestGateway(upstream);
  const { port } = new URL(gateway.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.end(post('Content-Length: 100\r\n', '{'));
  socket.resume();
  await once(socket, 'close');
  expect(upstream.requests).toEqual([]);
  await expectInStep(gateway.url, upstream);
});
