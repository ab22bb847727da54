// What the clients of a soak do, and what must come of it.
import { request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export const ORIGIN = 'https://app.example.com';
const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'x'.repeat(200) },
});

/** A response that is not what it must be. */
class Unexpected extends Error {}

function must(holds, message) {
  if (!holds) throw new Unexpected(message);
}

/** Sends a request and gives its response when its head is there. The allowed page must be able to read it. */
function open(
  { url, agent },
  path,
  { method = 'POST', headers = {}, body = BODY, origin = ORIGIN, onRequest } = {},
) {
  return new Promise((resolve, reject) => {
    const request = sendRequest(new URL(path, url), {
      method,
      agent,
      headers: {
        origin,
        accept: 'application/json, text/event-stream',
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
    });
    request.once('error', reject);
    request.once('response', (response) => {
      request.on('error', () => {});
      response.on('error', () => {});
      const readable = response.headers['access-control-allow-origin'];
      if (readable !== (origin === ORIGIN ? ORIGIN : undefined)) {
        reject(new Unexpected(`${path} answered ${response.statusCode} with Allow-Origin ${readable}`));
        response.resume();
      } else resolve(response);
    });
    onRequest?.(request);
    request.end(method === 'POST' ? body : undefined);
  });
}

/** Reads to the end; undefined when it breaks off. */
async function read(response) {
  const parts = [];
  try {
    for await (const part of response) parts.push(part);
  } catch {
    return undefined;
  }
  return response.complete ? Buffer.concat(parts).toString() : undefined;
}

/** An answer of the gateway's own in place of the server's, as `502 upstream-unreachable`. */
async function failure(response) {
  const body = await read(response);
  must(body !== undefined, `a ${response.statusCode} broke off`);
  return `${response.statusCode} ${JSON.parse(body).error?.data?.reason}`;
}

const faulty =
  (path, ...expected) =>
  async (place) => {
    const outcome = await failure(await open(place, path));
    must(expected.includes(outcome), `${path} gave ${outcome}`);
    return outcome;
  };

/** Every deed by name: how often it is done, and itself. It gives its outcome in a word, or throws. */
export const DEEDS = {
  'JSON answer': {
    weight: 40,
    timed: true,
    async act(place) {
      const response = await open(place, '/answer');
      if (response.statusCode !== 200) return place.excuse(await failure(response));
      must((await read(response))?.endsWith('}') === true, 'the answer is not whole');
      return '200';
    },
  },
  preflight: {
    weight: 5,
    async act(place) {
      const response = await open(place, '/answer', {
        method: 'OPTIONS',
        headers: {
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,mcp-session-id',
        },
      });
      await read(response);
      must(response.statusCode === 204, `a preflight gave ${response.statusCode}`);
      return '204';
    },
  },
  'foreign page': {
    weight: 3,
    async act(place) {
      const response = await open(place, '/answer', { origin: 'https://evil.example' });
      await read(response);
      must(response.statusCode === 403, `a foreign page got ${response.statusCode}`);
      return '403';
    },
  },
  'stream, read to its end': {
    weight: 8,
    async act(place, random) {
      const events = 1 + random.below(20);
      const response = await open(place, `/events?n=${events}`, { method: 'GET' });
      if (response.statusCode !== 200) return place.excuse(await failure(response));
      const body = await read(response);
      if (body === undefined) return place.excuse('broken off');
      const numbers = [...body.matchAll(/^data: \{"n":(\d+)\}$/gm)].map(([, n]) => Number(n));
      must(numbers.length === events && numbers.every((n, i) => n === i), `events came as ${numbers}`);
      return 'whole';
    },
  },
  'stream, left': {
    weight: 6,
    aborts: true,
    async act(place, random) {
      const response = await open(place, '/events?n=100000', { method: 'GET' });
      if (response.statusCode !== 200) return place.excuse(await failure(response));
      const parts = 1 + random.below(5);
      let seen = 0;
      await new Promise((resolve) => {
        response.on('data', () => ++seen === parts && resolve());
        response.once('close', resolve);
      });
      response.destroy();
      return 'left';
    },
  },
  'request, given up': {
    weight: 12,
    aborts: true,
    async act(place, random) {
      const path = random.pick([
        ['/answer', 3],
        ['/late?n=20', 2],
        ['/events?n=1000', 2],
        ['/silent', 1],
      ]);
      const patience = random.below(25);
      let sent;
      const opened = open(place, path, { onRequest: (request) => (sent = request) });
      const ended = opened.then(
        (response) => response,
        (error) => {
          if (error instanceof Unexpected) throw error;
        },
      );
      await Promise.race([delay(patience), patience < 12 ? delay(patience) : ended]);
      sent.destroy();
      await ended;
      return 'given up';
    },
  },
  'body, given up': {
    weight: 4,
    aborts: true,
    async act(place, random) {
      const socket = connect(Number(new URL(place.url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.write(
        `POST /answer HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: ${ORIGIN}\r\nContent-Type: application/json\r\nContent-Length: ${random.pick(
          [
            [300, 1],
            [300_000, 1],
          ],
        )}\r\n\r\n{"half":`,
      );
      await delay(random.below(15));
      if (random.below(2) === 0) socket.resetAndDestroy();
      else socket.end();
      socket.setTimeout(5_000, () => socket.destroy());
      await closed;
      return 'given up';
    },
  },
  'half-closed': {
    weight: 3,
    async act(place) {
      const socket = connect({
        port: Number(new URL(place.url).port),
        host: '127.0.0.1',
        allowHalfOpen: true,
      });
      socket.end(
        `POST /late?n=5 HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: ${ORIGIN}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
      );
      let received = '';
      socket.on('data', (bytes) => {
        received += bytes;
      });
      await new Promise((resolve) => socket.once('close', resolve).on('error', () => {}));
      // A client that closes its side is taken to have gone, unless the answer was there before.
      if (received === '') return 'closed';
      const status = received.slice(9, 12);
      must(status === '200' || place.excused(), `a client that half-closed got ${status}`);
      must(received.includes(`access-control-allow-origin: ${ORIGIN}`), `not readable: ${received}`);
      return status;
    },
  },
  'slow reader': {
    weight: 3,
    async act(place, random) {
      const response = await open(place, '/flood?n=32', { method: 'GET' });
      if (response.statusCode !== 200) return place.excuse(await failure(response));
      let bytes = 0;
      for (let i = 0; i < 8; i++) {
        bytes += response.read()?.length ?? 0;
        await delay(random.below(30));
      }
      const rest = await new Promise((resolve) => {
        response.on('data', (part) => {
          bytes += part.length;
        });
        response.once('close', () => resolve(response.complete));
        if (response.closed) resolve(response.complete); // it was broken off while nothing was read
      });
      if (!rest) return place.excuse('broken off');
      must(bytes === 32 * 65_536, `${bytes} bytes of a body arrived`);
      return 'whole';
    },
  },
  'never reads': {
    weight: 2,
    aborts: true,
    async act(place, random) {
      const response = await open(
        place,
        random.pick([
          ['/endless', 1],
          ['/events?n=1000', 1],
        ]),
        { method: 'GET' },
      );
      if (response.statusCode !== 200) return place.excuse(await failure(response));
      await delay(random.below(100));
      response.destroy();
      return 'left';
    },
  },
  'server refuses connections': { weight: 3, act: faulty('/refused', '502 upstream-unreachable') },
  'server cuts a JSON answer': {
    weight: 3,
    act: faulty('/cut-json', '502 upstream-broke-off', '502 upstream-unreachable'),
  },
  'server cuts before its answer': {
    weight: 3,
    act: faulty('/cut', '502 upstream-broke-off', '502 upstream-unreachable'),
  },
  'server cuts a stream': {
    weight: 3,
    async act(place) {
      const response = await open(place, '/cut-stream', { method: 'GET' });
      if (response.statusCode !== 200) return place.excuse(await failure(response), '502 upstream-broke-off');
      must((await read(response)) === undefined, 'a stream that was cut looks whole');
      return 'broken off';
    },
  },
  'server sends garbage': {
    weight: 2,
    act: faulty(
      '/garbage',
      '502 upstream-answer-invalid',
      '502 upstream-unreachable',
      '502 upstream-broke-off',
    ),
  },
  'server sends a huge head': {
    weight: 1,
    act: faulty(
      '/huge-head',
      '502 upstream-answer-invalid',
      '502 upstream-unreachable',
      '502 upstream-broke-off',
    ),
  },
  'server is silent': {
    weight: 1,
    act: faulty('/silent', '504 upstream-timeout', '502 upstream-unreachable', '502 upstream-broke-off'),
  },
  'server does not read': {
    weight: 1,
    async act(place) {
      const response = await open(place, '/unread-body', { body: 'x'.repeat(2_000_000) });
      const body = await read(response);
      must(
        response.statusCode === 413 || place.excused(),
        `an unread body gave ${response.statusCode} ${body}`,
      );
      return String(response.statusCode);
    },
  },
};
