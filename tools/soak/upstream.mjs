// The server behind the gateway in a soak: answers as the path says, well or badly. It is killed and started again.
import { createServer } from 'node:http';

const JSON_TYPE = { 'Content-Type': 'application/json' };
const STREAM = { 'Content-Type': 'text/event-stream' };
const ANSWER = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  result: { content: [{ type: 'text', text: 'done' }] },
});

/** What the server does, by path. `n` is the number of the query, if there is one. */
const DEEDS = {
  '/answer': (_, response) => response.writeHead(200, JSON_TYPE).end(ANSWER),
  '/late': (_, response, n) => setTimeout(() => response.writeHead(200, JSON_TYPE).end(ANSWER), n),
  '/events'(_, response, n) {
    response.writeHead(200, STREAM);
    let sent = 0;
    const timer = setInterval(() => {
      response.write(`id: ${sent}\ndata: {"n":${sent}}\n\n`);
      if (++sent < n) return;
      clearInterval(timer);
      response.end();
    }, 2);
    response.on('close', () => clearInterval(timer));
  },
  '/flood'(_, response, n) {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    let left = n;
    const fill = () => {
      while (left-- > 0) if (!response.write(Buffer.alloc(65_536))) return response.once('drain', fill);
      response.end();
    };
    fill();
  },
  '/endless'(_, response) {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    const fill = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
    };
    response.on('drain', fill);
    fill();
  },
  '/silent': () => {},
  '/cut-json': (_, response) => response.writeHead(200, JSON_TYPE).write('{"jsonrpc":', () => cut(response)),
  '/cut-stream': (_, response) => response.writeHead(200, STREAM).write('data: 1\n\n', () => cut(response)),
  '/cut': (_, response) => cut(response),
  '/garbage': ({ socket }) => socket.end('\u0000\u0001 this is no HTTP\r\n\r\n'),
  '/huge-head': ({ socket }) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(300_000)}\r\n\r\n`),
  '/unread-body': (request, response) => {
    request.pause();
    setTimeout(() => response.writeHead(413, JSON_TYPE).end('{}'), 5);
  },
};

function cut({ socket }) {
  socket?.resetAndDestroy();
}

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  const deed = DEEDS[pathname];
  if (pathname !== '/unread-body') request.resume();
  response.on('error', () => {});
  if (deed === undefined) response.writeHead(404).end();
  else deed(request, response, Number(searchParams.get('n')));
}).listen(Number(process.argv[2] ?? 0), '127.0.0.1', function listening() {
  process.send({ port: this.address().port });
});
