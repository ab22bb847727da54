import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

/** What a server behind says that a page must never take for the policy's word; names in odd case, lines repeated. */
const SAID = [
  'access-control-allow-ORIGIN: *',
  'ACCESS-CONTROL-ALLOW-ORIGIN: https://evil.example',
  'Access-Control-Allow-Credentials: true',
  'access-control-Expose-Headers: x-secret',
  'Access-Control-Expose-headers:*',
  'Access-control-max-age: 86400',
  'Access-Control-allow-Methods: *',
  'Access-Control-ALLOW-Headers: *',
  'Access-Control-Allow-Private-Network: true',
];
const STATUSES = [
  200, 200, 200, 202, 204, 301, 304, 307, 400, 401, 403, 404, 405, 415, 418, 421, 429, 431, 494, 500, 502,
  503, 504, 599,
];
const VARIES = [
  [],
  ['Accept-Encoding'],
  ['Origin'],
  ['oRiGiN , Accept'],
  ['Accept', 'Origin'],
  ['Origin', 'Accept'],
  ['*'],
  ['X-Origin', 'Originator'],
  [''],
  ['Accept,,'],
];
/** Lines that steer some proxy, or that would take others away. */
const STEERING = [
  [],
  [],
  ['Connection: Access-Control-Allow-Origin, Vary, Access-Control-Expose-Headers'],
  ['X-Accel-Redirect: /mcp'],
  ['X-Accel-Buffering: yes'],
  ['X-Accel-Expires: 100', 'Cache-Control: public, max-age=100'],
  ['X-Sendfile: /etc/hostname', 'X-Accel-Charset: utf-7'],
  ['Content-Encoding: gzip'],
  ['Location: http://evil.example/', 'Refresh: 0; url=http://evil.example/'],
  ['Trailer: Access-Control-Allow-Origin'],
  ['Status: 200', 'Content-Type: text/html'],
  ['Upgrade: h2c'],
];

/** The bytes of the n-th answer: mostly sound ones. */
function bytesOf(n: number, method: string, interim: boolean): string {
  const status = STATUSES[n % STATUSES.length] as number;
  const vary = VARIES[n % VARIES.length] as readonly string[];
  const lines = [
    ...(n % 3 === 0 ? [] : SAID),
    ...vary.map((value) => `vARY: ${value}`),
    ...(STEERING[Math.floor(n / 7) % STEERING.length] as readonly string[]),
  ];
  const bodiless = status === 204 || status === 304 || method === 'HEAD';
  const head = (more: readonly string[]): string =>
    `HTTP/1.1 ${status} As It Is\r\n${[...lines, ...more].map((line) => `${line}\r\n`).join('')}\r\n`;
  switch (n % 31) {
    case 1:
      if (!interim) return head(['Content-Length: 0']);
      return `HTTP/1.1 103 Early Hints\r\n${SAID.join('\r\n')}\r\nVary: X\r\n\r\n${head(['Content-Length: 0'])}`;
    case 2:
      return bodiless
        ? head([])
        : `${head(['Transfer-Encoding: chunked'])}2\r\n{}\r\n0\r\n${SAID.join('\r\n')}\r\n\r\n`;
    case 3:
      return head(['broken line\0']);
    case 4:
      return '';
    case 5:
      return 'garbage\r\n\r\n';
    case 6:
      return head([`X-Long: ${'a'.repeat(200_000)}`]);
    case 7:
      return head([]).slice(0, -2);
    case 8:
      return `${head(['Content-Length: 100'])}{}`;
    case 9:
      return `HTTP/1.0 ${status} x\r\n${lines.join('\r\n')}\r\n\r\n{}`;
    default:
      return bodiless ? head([]) : `${head(['Content-Length: 2'])}{}`;
  }
}

/** A server behind a proxy that reads and writes bytes, and takes note of the head of each case. */
export interface Behind {
  readonly port: number;
  readonly arrived: ReadonlyMap<number, string>;
  readonly close: () => Promise<void>;
}

export async function startBehind(interim: boolean): Promise<Behind> {
  const arrived = new Map<number, string>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const n = Number(/\r\nx-case: ([0-9]+)/i.exec(text.slice(0, end))?.[1]);
      arrived.set(n, text.slice(0, end));
      text = '';
      socket.end(
        Buffer.from(bytesOf(n, /^[^ ]*/.exec(arrived.get(n) as string)?.[0] ?? '', interim), 'latin1'),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    arrived,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
