import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, test } from 'vitest';
import {
  exchange,
  type Listening,
  request,
  serve,
  values,
  type WireResponse,
} from '../../../../test/fixtures/wire.js';
import { createSessionSealer } from '../session/index.js';
import { mcpCors } from './node.js';

const APP = 'https://app.example.com';
const SECRET = 'a secret of at least 32 characters';
const CONFIG = { origins: APP, sessions: { secret: SECRET }, endpoints: { '/files': 'other' } } as const;
const seal = (id: string): string => createSessionSealer([SECRET]).seal(APP, id);

const EVENT = 'event: endpoint\ndata: /messages?sessionId=abc\n\n';
const SEALED = EVENT.replace('abc', seal('abc'));
const STREAM = { 'Content-Type': 'text/event-stream' };

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

/** What comes over the wire of what an application answers behind the adapter. */
async function answerOf(
  answer: (response: ServerResponse) => void,
  { line = 'GET /sse' } = {},
): Promise<WireResponse> {
  const listener: RequestListener = (_, response) => answer(response);
  const server = await serve(mcpCors(CONFIG)(listener));
  open.push(server);
  const isHead = line.startsWith('HEAD');
  const [response] = await exchange(server.port, request(line, { Origin: APP }), { isHead });
  return response as WireResponse;
}

describe('Mcp-Session-Id of a response', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    ['set before', (response) => response.setHeader('Mcp-Session-Id', 'abc').end('{}')],
    ['written with the head', (response) => response.writeHead(200, { 'mcp-session-id': 'abc' }).end('{}')],
    ['in a list', (response) => response.writeHead(200, 'OK', ['MCP-Session-Id', 'abc']).end('{}')],
    [
      'with a head that is flushed',
      (response) => {
        response.setHeader('Mcp-Session-Id', 'abc').flushHeaders();
        response.end('{}');
      },
    ],
    ['of an error', (response) => response.writeHead(500, { 'Mcp-Session-Id': 'abc' }).end()],
    [
      'of a stream',
      (response) => response.writeHead(200, { ...STREAM, 'Mcp-Session-Id': 'abc' }).end(':\n\n'),
    ],
  ])('%s is sealed once', async (_, answer) => {
    expect(values(await answerOf(answer), 'mcp-session-id')).toEqual([seal('abc')]);
  });

  it('on two lines becomes one that nobody can use', async () => {
    const response = await answerOf((to) => to.setHeader('Mcp-Session-Id', ['a', 'b']).end());
    expect(values(response, 'mcp-session-id')).toEqual([seal('a, b')]);
  });

  it('that is a number is a text', async () => {
    const response = await answerOf((to) => to.setHeader('Mcp-Session-Id', 7).end());
    expect(values(response, 'mcp-session-id')).toEqual([seal('7')]);
  });

  it('stays what it is at an endpoint that is not of MCP', async () => {
    const answer = (to: ServerResponse): unknown => to.setHeader('Mcp-Session-Id', 'abc').end();
    expect(values(await answerOf(answer, { line: 'GET /files' }), 'mcp-session-id')).toEqual(['abc']);
  });

  it('is sealed by each of two adapters, of which the outer one opens first', async () => {
    const outer = mcpCors({ ...CONFIG, sessions: { secret: `${SECRET} of the outer one` } });
    const inner = mcpCors(CONFIG);
    let seen: unknown;
    const server = await serve(
      outer(
        inner((incoming, response) => {
          seen = incoming.headers['mcp-session-id'];
          response.setHeader('Mcp-Session-Id', 'abc').end();
        }),
      ),
    );
    open.push(server);
    const ask = async (headers: Record<string, string>): Promise<WireResponse> =>
      (await exchange(server.port, request('GET /mcp', { Origin: APP, ...headers })))[0] as WireResponse;
    const [id = ''] = values(await ask({}), 'mcp-session-id');
    expect(id.endsWith(`.${seal('abc')}`)).toBe(true);
    expect((await ask({ 'Mcp-Session-Id': id })).status).toBe(200);
    expect(seen).toBe('abc');
  });
});

describe('the endpoint event of a response', () => {
  test.each<[string, (response: ServerResponse) => void]>([
    [
      'written whole',
      (response) => {
        response.writeHead(200, STREAM);
        response.end(EVENT);
      },
    ],
    [
      'written without a head of its own',
      (response) => {
        response.setHeader('Content-Type', 'Text/Event-Stream; charset=utf-8');
        response.write(EVENT);
        response.end();
      },
    ],
    [
      'ended at once, with a length',
      (response) => {
        response.setHeader('Content-Type', 'text/event-stream').setHeader('Content-Length', EVENT.length);
        response.end(EVENT);
      },
    ],
    [
      'with a length in the head',
      (response) => {
        response.writeHead(200, { ...STREAM, 'Content-Length': EVENT.length }).end(EVENT);
      },
    ],
    ['as bytes', (response) => void response.writeHead(200, STREAM).end(Buffer.from(EVENT))],
    [
      'as an array of bytes',
      (response) => void response.writeHead(200, STREAM).end(new TextEncoder().encode(EVENT)),
    ],
    [
      'in another encoding',
      (response) => {
        response.writeHead(200, STREAM).write(Buffer.from(EVENT).toString('base64'), 'base64');
        response.end();
      },
    ],
    [
      'ended in another encoding',
      (response) => void response.writeHead(200, STREAM).end(Buffer.from(EVENT).toString('hex'), 'hex'),
    ],
    [
      'byte by byte',
      (response) => {
        response.writeHead(200, STREAM);
        for (const character of EVENT) response.write(character);
        response.end();
      },
    ],
    [
      'from a pipe',
      (response) =>
        void Readable.from([EVENT.slice(0, 30), EVENT.slice(30)]).pipe(response.writeHead(200, STREAM)),
    ],
    [
      'with a head that is flushed',
      (response) => {
        response.writeHead(200, STREAM).flushHeaders();
        response.write(EVENT, () => response.end());
      },
    ],
  ])('%s is sealed', async (_, answer) => {
    const response = await answerOf(answer);
    expect(response.body).toBe(SEALED);
    expect(values(response, 'content-length')).toEqual([]);
  });

  it.each(['/sse', '/mcp', '/anything'])('is sealed at %s', async (path) => {
    const response = await answerOf((to) => to.writeHead(200, STREAM).end(EVENT), { line: `GET ${path}` });
    expect(response.body).toBe(SEALED);
  });

  test.each<[string, string, (response: ServerResponse) => void]>([
    [
      'of a body that is no event stream',
      'GET /sse',
      (to) => void to.writeHead(200, { 'Content-Type': 'text/plain' }).end(EVENT),
    ],
    ['of a body without a type', 'GET /sse', (to) => void to.end(EVENT)],
    ['of an endpoint that is not of MCP', 'GET /files', (to) => void to.writeHead(200, STREAM).end(EVENT)],
    ['of a messages endpoint', 'GET /messages', (to) => void to.writeHead(200, STREAM).end(EVENT)],
  ])('%s stays as it is', async (_, line, answer) => {
    expect((await answerOf(answer, { line })).body).toBe(EVENT);
  });

  it('that never comes to its end goes out with the end of the stream', async () => {
    const half = EVENT.slice(0, -1);
    const response = await answerOf((to) => {
      to.writeHead(200, STREAM).write(half.slice(0, 9));
      to.end(half.slice(9));
    });
    expect(response.body).toBe(half);
  });

  it('is held, and what was written meanwhile is called back for', async () => {
    const calls: string[] = [];
    const response = await answerOf((to) => {
      to.writeHead(200, STREAM);
      expect(to.write('event: end', () => calls.push('held'))).toBe(true);
      to.write('point\n', 'utf8', () => calls.push('held too'));
      to.write('data: /m?sessionId=abc\n\n', () => calls.push('written'));
      to.write(':\n\n', () => {
        calls.push('written after');
        to.end(() => calls.push('ended'));
      });
    });
    expect(response.body).toBe(`${SEALED.replace('/messages', '/m')}:\n\n`);
    expect([...calls].sort()).toEqual(['ended', 'held', 'held too', 'written', 'written after']);
    expect(calls.indexOf('written after')).toBeLessThan(calls.indexOf('ended'));
  });

  it('of a HEAD has no body', async () => {
    const response = await answerOf((to) => to.writeHead(200, STREAM).end(), { line: 'HEAD /sse' });
    expect(response.status).toBe(200);
    expect(response.body).toBe('');
  });
});

describe('middleware that wraps write and end after the adapter', () => {
  /** Compresses, as middleware for that does: everything goes through its own `write` and `end`. */
  function compress(response: ServerResponse): void {
    const { write, end } = response;
    const chunks: Buffer[] = [];
    response.write = ((chunk: string) => {
      if (!response.headersSent) response.writeHead(response.statusCode);
      chunks.push(Buffer.from(chunk));
      return true;
    }) as typeof response.write;
    response.end = ((chunk?: string) => {
      if (!response.headersSent) response.writeHead(response.statusCode);
      if (chunk !== undefined) chunks.push(Buffer.from(chunk));
      write.call(response, gzipSync(Buffer.concat(chunks)), 'utf8');
      return end.call(response, undefined, 'utf8');
    }) as typeof response.end;
    response.setHeader('Content-Encoding', 'gzip');
  }

  test.each([
    ['a document', 'application/json', '{"a":', '1}'],
    ['a stream', 'text/event-stream', EVENT, ': more\n\n'],
  ])('keeps its hold on %s', async (_, type, one, two) => {
    const response = await answerOf((to) => {
      compress(to);
      to.setHeader('Content-Type', type);
      to.write(one);
      to.write(two);
      to.end();
    });
    const body = Buffer.from(response.body, 'latin1');
    expect(gunzipSync(body).toString()).toBe(one + two);
  });

  it('hides nothing from the adapter when it was there before', async () => {
    const sealing = mcpCors(CONFIG)((_, response) => {
      response.writeHead(200, STREAM).write(EVENT.slice(0, 20));
      response.end(EVENT.slice(20));
    });
    const server = await serve((incoming, response) => {
      compress(response);
      sealing(incoming, response);
    });
    open.push(server);
    const [response] = await exchange(server.port, request('GET /sse', { Origin: APP }));
    expect(gunzipSync(Buffer.from(response?.body ?? '', 'latin1')).toString()).toBe(SEALED);
  });

  it('keeps its hold when the first event has passed', async () => {
    const seen: string[] = [];
    const response = await answerOf((to) => {
      const { write } = to;
      to.write = ((chunk: string) => {
        seen.push(chunk);
        return write.call(to, chunk, 'utf8');
      }) as typeof to.write;
      to.writeHead(200, STREAM);
      to.write(EVENT);
      to.write(': more\n\n');
      to.end();
    });
    expect(response.body).toBe(`${SEALED}: more\n\n`);
    expect(seen).toEqual([EVENT, ': more\n\n']);
  });
});
