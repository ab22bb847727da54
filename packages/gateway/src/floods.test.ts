import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ANY_CERTIFICATE, aWhile, eventually, send } from '../../../test/gateway/client.js';
import { startTestGateway, testCertificate } from '../../../test/gateway/gateway.js';
import { beginHttp2, connectHttp2, headOfHttp2 } from '../../../test/gateway/http2Client.js';
import { startUpstream } from '../../../test/gateway/upstream.js';
import type { GatewayOptions } from './server.js';

const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const CONTINUATION = 9;
const END_STREAM = 1;
const END_HEADERS = 4;

/** A frame of HTTP/2 (RFC 9113 section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A field of a header block that is neither indexed nor compressed (RFC 7541 section 6.2.2). */
function field(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.of(0, name.length),
    Buffer.from(name),
    Buffer.of(value.length),
    Buffer.from(value),
  ]);
}

const REQUEST = Buffer.concat([
  field(':method', 'GET'),
  field(':scheme', 'https'),
  field(':path', '/mcp'),
  field(':authority', 'localhost'),
]);

async function startFlooded(options: GatewayOptions = {}) {
  const upstream = await startUpstream((request, response) => {
    if (request.headers['x-wait'] === undefined) setTimeout(() => response.end('ok'), 5);
  });
  const gateway = await startTestGateway(upstream, { tls: testCertificate().files, ...options });
  const { hostname, port } = new URL(gateway.url);
  const attack = async (): Promise<TLSSocket> => {
    const socket = connectTls({
      ...ANY_CERTIFICATE,
      host: hostname,
      port: Number(port),
      ALPNProtocols: ['h2'],
      servername: 'localhost',
    });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    socket.setMaxListeners(0);
    await once(socket, 'secureConnect');
    socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0)]));
    return socket;
  };
  return { upstream, gateway, attack };
}

/** Waits for a GOAWAY frame (RFC 9113 section 6.8). */
async function goawayIn(socket: TLSSocket): Promise<void> {
  let held = Buffer.alloc(0);
  for await (const chunk of socket) {
    held = Buffer.concat([held, chunk as Buffer]);
    while (held.length >= 9) {
      const end = 9 + held.readUIntBE(0, 3);
      if (held[3] === GOAWAY) return;
      if (held.length < end) break;
      held = held.subarray(end);
    }
  }
}

/** Writes until nothing more goes out or it was enough, a part at a time. */
async function flood(socket: TLSSocket, parts: number, make: (part: number) => Buffer): Promise<number> {
  let part = 0;
  for (; part < parts && !socket.destroyed && socket.writable; part++) {
    if (!socket.write(make(part))) {
      await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
    }
  }
  return part;
}

describe('a client that floods a connection over HTTP/2', () => {
  it('with requests that it resets at once is heard no more, and the upstream hears next to nothing', async () => {
    let decided = 0;
    const { upstream, gateway, attack } = await startFlooded({ onDecision: () => decided++ });
    const socket = await attack();
    let id = -1;
    const code = Buffer.alloc(4);
    code.writeUInt32BE(constants.NGHTTP2_CANCEL);
    const batch = (): Buffer =>
      Buffer.concat(
        Array.from({ length: 100 }, () => {
          id += 2;
          return Buffer.concat([
            frame(HEADERS, END_HEADERS | END_STREAM, id, REQUEST),
            frame(RST_STREAM, 0, id, code),
          ]);
        }),
      );
    const told = goawayIn(socket);
    const before = process.memoryUsage().rss;
    await flood(socket, 300, batch); // 30,000 requests, if they were taken
    await told;
    await eventually(() => expect(upstream.sockets.size).toBeLessThan(10));
    expect(decided).toBeLessThan(3_000);
    expect(upstream.accepted()).toBeLessThan(300);
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    expect((await send(gateway.url)).status).toBe(200); // others are served
  });

  it('with headers that never end is cut off', async () => {
    const { upstream, gateway, attack } = await startFlooded();
    const socket = await attack();
    socket.resume();
    const closed = once(socket, 'close');
    socket.write(frame(HEADERS, END_STREAM, 1, REQUEST));
    const junk = Buffer.concat(Array.from({ length: 50 }, (_, i) => field(`x-${i % 10}`, 'x'.repeat(100))));
    const sent = await flood(socket, 20_000, () => frame(CONTINUATION, 0, 1, junk));
    await closed;
    expect(sent).toBeLessThan(20_000);
    expect(upstream.accepted()).toBe(0);
    expect((await send(gateway.url)).status).toBe(200);
  });

  it('with settings or pings whose answers it does not read does not fill the memory', async () => {
    const { gateway, attack } = await startFlooded();
    const socket = await attack();
    const before = process.memoryUsage().rss;
    const batch = Buffer.concat(
      Array.from({ length: 500 }, (_, i) =>
        i % 2 === 0 ? frame(PING, 0, 0, Buffer.alloc(8)) : frame(SETTINGS, 0, 0),
      ),
    );
    await Promise.race([flood(socket, 2_000, () => batch), aWhile(1_500)]);
    socket.destroy();
    expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
    expect((await send(gateway.url)).status).toBe(200);
  });

  it('with more streams than it may open has the others refused, and those that are open go on', async () => {
    const { upstream, gateway } = await startFlooded();
    const session = await connectHttp2(gateway.url);
    const held = Array.from({ length: 256 }, () => beginHttp2(session, { 'x-wait': '1' }));
    await eventually(() => expect(upstream.requests).toHaveLength(256));
    const waiting = beginHttp2(session);
    const head = headOfHttp2(waiting);
    await aWhile();
    expect(upstream.requests).toHaveLength(256);
    held[0]?.close(constants.NGHTTP2_CANCEL);
    expect((await head)[':status']).toBe(200);
    expect(held.slice(1).every((stream) => !stream.closed)).toBe(true);
  });
});
