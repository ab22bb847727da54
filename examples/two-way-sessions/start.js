// Starts the server and two pages on ports of their own; PORT is the first of the three, 0 takes free ones.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createPage } from './page.js';
import { createApp } from './server.js';

const HOST = 'localhost';
const first = Number(process.env.PORT ?? 3000);
// Replicas would share one secret; a single server may make it up, and its sessions end with it anyway.
const secret = process.env.SESSION_SECRET ?? randomBytes(32).toString('base64');

async function listen(server, port) {
  server.listen(port, HOST);
  await once(server, 'listening');
  return `http://${HOST}:${server.address().port}`;
}

const [server, one, two] = [createServer(), createServer(), createServer()];
const url = await listen(server, first);
const pages = [await listen(one, first && first + 1), await listen(two, first && first + 2)];
server.on('request', createApp({ origins: pages, secret }));
one.on('request', createPage(url));
two.on('request', createPage(url));

process.stdout.write(`server ${url}/sse\npage ${pages[0]}\npage ${pages[1]}\n`);
