import { describe, expect, it } from 'vitest';
import { type Answer, expectReadable, reasonOf, send, valuesOf } from '../../../test/gateway/client.js';
import { startTestGateway, testCertificate } from '../../../test/gateway/gateway.js';
import { beginHttp2, connectHttp2, readHttp2 } from '../../../test/gateway/http2Client.js';
import { startRawUpstream } from '../../../test/gateway/upstream.js';

const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';
const WHOLE = 'Content-Length: 2\r\n\r\n{}';
const INVALID = 'upstream-answer-invalid';

/** What an upstream sends, and what the page reads: a status and a body, or why there is none. */
const ANSWERS: readonly (readonly [
  name: string,
  bytes: string,
  read: { readonly status: number; readonly body: string } | { readonly reason: string },
])[] = [
  [
    'hints before its answer',
    `${'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(3)}${JSON_HEAD}${WHOLE}`,
    { status: 200, body: '{}' },
  ],
  [
    'word of its progress before its answer',
    `HTTP/1.1 102 Processing\r\n\r\n${JSON_HEAD}${WHOLE}`,
    { status: 200, body: '{}' },
  ],
  [
    'leave to go on that nobody asked for',
    `HTTP/1.1 100 Continue\r\n\r\n${JSON_HEAD}${WHOLE}`,
    { reason: 'upstream-broke-off' },
  ],
  [
    'another protocol by name',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello',
    { reason: 'upstream-broke-off' },
  ],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\n\r\nhello', { reason: INVALID }],
  [
    'trailers',
    `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nAccess-Control-Allow-Origin: *\r\n\r\n`,
    { status: 200, body: '{}' },
  ],
  [
    'extensions of chunks',
    `${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n2;a=b;c="d"\r\n{}\r\n0;x\r\n\r\n`,
    { status: 200, body: '{}' },
  ],
  [
    'both lengths',
    `${JSON_HEAD}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    { reason: INVALID },
  ],
  ['a folded line', `${JSON_HEAD}X-A: one\r\n two\r\n${WHOLE}`, { reason: INVALID }],
  ['NUL in a value', `${JSON_HEAD}X-A: a\0b\r\n${WHOLE}`, { reason: INVALID }],
  ['a control character in a value', `${JSON_HEAD}X-A: a\x01b\r\n${WHOLE}`, { reason: INVALID }],
  ['a name that is no token', `${JSON_HEAD}X-\xe9: a\r\n${WHOLE}`, { reason: INVALID }],
  ['no name', `${JSON_HEAD}: a\r\n${WHOLE}`, { reason: INVALID }],
  [
    'names of what every object has',
    `${JSON_HEAD}constructor: a\r\nconstructor: b\r\nhasOwnProperty: x\r\ntoString: y\r\n${WHOLE}`,
    { status: 200, body: '{}' },
  ],
  [
    'the name of what every object comes from',
    `${JSON_HEAD}__proto__: a\r\n__proto__: b\r\n${WHOLE}`,
    { status: 200, body: '{}' },
  ],
  ['a body with 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello', { status: 204, body: '' }],
  ['a length with 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', { status: 204, body: '' }],
  [
    'a body with 304',
    'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello',
    { status: 304, body: '' },
  ],
  [
    'an event stream without content',
    'HTTP/1.1 204 No Content\r\nContent-Type: text/event-stream\r\n\r\n',
    { status: 204, body: '' },
  ],
  ['more than it said', `${JSON_HEAD}${WHOLE}POISON`, { status: 200, body: '{}' }],
  ['a status of no class', `HTTP/1.1 000 x\r\n${WHOLE}`, { reason: INVALID }],
  [
    'headers that its connection takes out',
    `${JSON_HEAD}Connection: vary, access-control-allow-origin\r\n${WHOLE}`,
    { status: 200, body: '{}' },
  ],
];

const ways: Readonly<Record<string, (upstream: { readonly url: string }) => Promise<Answer>>> = {
  async 'HTTP/1.1'(upstream) {
    return send((await startTestGateway(upstream)).url, { body: '{}' });
  },
  async 'HTTP/2'(upstream) {
    const { url } = await startTestGateway(upstream, { tls: testCertificate().files });
    return readHttp2(beginHttp2(await connectHttp2(url), {}, { body: '{}' }));
  },
};

describe.each(Object.entries(ways))('over %s, an upstream that sends', (_, askThrough) => {
  it.each(ANSWERS)('%s is read as it is meant, or not at all', async (_name, bytes, read) => {
    const upstream = await startRawUpstream((socket) => void socket.write(bytes, 'latin1'));
    const answer = await askThrough(upstream);
    expectReadable(answer);
    if ('reason' in read) {
      expect(answer.status).toBe(502);
      expect(reasonOf(answer)).toBe(read.reason);
    } else {
      expect(answer.status).toBe(read.status);
      expect(answer.body.toString()).toBe(read.body);
    }
    if (answer.status === 204) expect(valuesOf(answer, 'content-length')).toEqual([]);
  });
});
