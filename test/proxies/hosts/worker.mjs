// Rendered Workers under Node, each on a port of its own: bundled as wrangler does it, without anything of Node's, and
// given Requests. Started as: node worker.mjs FOLDER SITES, where SITES is JSON: [{ file, port, secrets }].
import { createServer } from 'node:http';
import { join } from 'node:path';
import { argv } from 'node:process';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { Agent, fetch } from 'undici';

const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];
const [, , folder, json] = argv;
const sites = JSON.parse(json);

// Node's fetch says that it is one; that of Workers sends what it is given.
const plain = new Agent().compose((dispatch) => (options, handler) => {
  const headers = Object.fromEntries(
    [...new Headers(options.headers)].filter(([name]) => name !== 'sec-fetch-mode'),
  );
  return dispatch({ ...options, headers }, handler);
});
globalThis.fetch = (target, init) => fetch(target, { ...init, dispatcher: plain });

await build({
  entryPoints: sites.map(({ file }) => join(folder, file)),
  outdir: join(folder, 'bundles'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['workerd', 'worker', 'browser'],
  target: 'es2022',
  logLevel: 'error',
});

for (const { file, port, secrets } of sites) {
  const { default: worker } = await import(pathToFileURL(join(folder, 'bundles', file)));
  const env = { MCP_CORS_SESSION_SECRETS: [secrets ?? []].flat().join('\n') };
  createServer((incoming, outgoing) => {
    serve(worker, env, incoming, outgoing).catch(() => outgoing.destroy());
  }).listen(port, '127.0.0.1');
}

async function serve(worker, env, incoming, outgoing) {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  let request;
  try {
    request = toRequest(incoming, gone.signal);
  } catch {
    outgoing.writeHead(400).end();
    return;
  }
  const response = await worker.fetch(request, env);
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) {
    // As the runtime of Workers does it: what is of the connection to the server stays there.
    if (!HOP_BY_HOP.includes(name)) outgoing.appendHeader(name, value);
  }
  outgoing.flushHeaders();
  if (response.body !== null) {
    for await (const chunk of response.body) outgoing.write(chunk);
  }
  outgoing.end();
}

function toRequest(incoming, signal) {
  const { method, url, rawHeaders } = incoming;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const body =
    method === 'GET' || method === 'HEAD' ? {} : { body: Readable.toWeb(incoming), duplex: 'half' };
  return new Request(`http://server.internal${url}`, { method, headers, signal, ...body });
}
