import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type Http2RequestListener, mcpCors } from 'mcp-cors/node';
import { type Carrier, createSocketCarrier } from './carriers.js';
import { exchangeFields, type Field, type Http2Server } from './http2Wire.js';
import { withoutOuterSpace } from './requestHead.js';
import type { Line } from './vectors.js';
import type { WireResponse } from './wire.js';

/** A `node:http2` server without TLS whose listener is wrapped. */
export function createHttp2Carrier(): Carrier {
  return createSocketCarrier(
    'http2',
    async (policy, { listener }) => {
      const server = createServer(mcpCors(policy)(listener as unknown as Http2RequestListener));
      const sessions = new Set<{ destroy(): void }>();
      server.on('session', (session) => {
        sessions.add(session);
        session.on('close', () => sessions.delete(session));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return {
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((resolve) => {
            server.close(() => resolve());
            for (const session of sessions) session.destroy();
          }),
      };
    },
    (port, method, target, lines) => exchangeHttp2({ port }, method, target, lines),
  );
}

/**
 * Sends a vector's request as a browser would: the first Host is the authority, the others stay what they are. Over TLS,
 * it says that it came over http, as vectors do, for a server that believes it.
 */
export async function exchangeHttp2(
  server: Http2Server,
  method: string,
  target: string,
  lines: readonly Line[],
): Promise<WireResponse> {
  const body = method === 'POST' ? '{"jsonrpc":"2.0","method":"ping"}' : undefined;
  // RFC 9113 section 8.2.1: names in lower case, values without white space around them.
  const fields = lines.map(([name, value]): Field => [name.toLowerCase(), withoutOuterSpace(value)]);
  const host = fields.findIndex(([name]) => name === 'host');
  const authority = fields[host]?.[1];
  const block: readonly Field[] = [
    [':method', method],
    [':scheme', server.tls === undefined ? 'http' : 'https'],
    [':path', target],
    ...(authority === undefined ? [] : [[':authority', authority] as const]),
    ...fields.filter((_, i) => i !== host),
    ...(server.tls === undefined ? [] : [['x-forwarded-proto', 'http'] as const]),
    ...(body === undefined ? [] : [['content-length', String(body.length)] as const]),
  ];
  try {
    return await exchangeFields(server, block, body);
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    return { status, lines: [], body: '' };
  }
}

/** The status in which a parser of HTTP/1.1 says what this one says with the reset of a stream. */
function statusOf(error: unknown): number | undefined {
  const message = error instanceof Error ? error.message : '';
  if (message.endsWith('NGHTTP2_PROTOCOL_ERROR')) return 400;
  // COMPRESSION_ERROR: a header that does not fit the decoder ends the whole connection.
  return message.endsWith('error code 9') || message.endsWith('NGHTTP2_ENHANCE_YOUR_CALM') ? 431 : undefined;
}
