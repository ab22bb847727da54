import { once } from 'node:events';
import { request as send } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { createPlainMcp } from './plainMcp.js';
import { type Started, serve } from './start.js';

/** Writes its responses by hand, and puts the decoded Origin into them. */
export async function startDecodingProxy(allowed: string): Promise<Started> {
  const inner = await serve((base) => createPlainMcp(allowed, () => base.origin));
  const server = createNetServer((client) => {
    let head = '';
    client.on('error', () => {});
    client.on('data', (bytes) => {
      head += bytes.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (end === -1 || head.length < end + 4 + length) return;
      void relay(inner.url, head, end).then((answer) => client.end(answer, 'latin1'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    sessions: inner.sessions,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      await inner.close();
    },
  };
}

function relay(to: string, text: string, end: number): Promise<string> {
  const [request = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = 'GET', path = '/'] = request.split(' ');
  const names = lines.map(
    (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
  );
  const origin = names.find(([name]) => name.toLowerCase() === 'origin')?.[1];
  const own = new URL(to).host;
  return new Promise((resolve) => {
    const rightHost = /^127\.0\.0\.1:\d+$/.test(
      names.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '',
    );
    const plainOrigin = origin?.split('%', 1)[0];
    const flat = names
      .filter(([name]) => !['host', 'origin', 'connection'].includes(name.toLowerCase()))
      .concat(
        [['host', rightHost ? own : 'foreign.example']],
        plainOrigin === undefined ? [] : [['origin', plainOrigin]],
      )
      .flat();
    // A line end of its own making is none that HTTP can carry on.
    if (flat.some((value) => /[^\t\x20-\x7e\x80-\xff]/.test(value))) {
      resolve('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const outgoing = send({
      hostname: '127.0.0.1',
      port: new URL(to).port,
      method,
      path,
      headers: flat as unknown as Record<string, string>,
      agent: false,
    });
    outgoing.on('error', () => resolve('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const body = Buffer.concat(chunks).toString('latin1');
        const headers: string[] = [];
        for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
          const [name = '', value = ''] = incoming.rawHeaders.slice(i, i + 2);
          if (/^(?:connection|transfer-encoding|content-length|keep-alive)$/i.test(name)) continue;
          const repeated = /^access-control-allow-origin$/i.test(name) && origin !== undefined;
          headers.push(`${name}: ${repeated ? decodeURIComponent(origin) : value}`);
        }
        const status = `HTTP/1.1 ${incoming.statusCode} ${incoming.statusMessage}`;
        resolve(
          `${[status, ...headers, `Content-Length: ${body.length}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`,
        );
      });
    });
    outgoing.end(text.slice(end + 4), 'latin1');
  });
}
