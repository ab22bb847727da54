// What does an adapter cost in a real server, beside the bare framework and the framework's own CORS package?
//
// Each server runs in a process of its own and tells its own CPU time; the servers of a framework take turns, and the
// median of the rounds' ratios counts. The request is a POST of a page as MCP clients send it, the application parses it with what the framework
// brings and answers it. The limit: a hello-world application, so that what an adapter adds weighs as much as it ever can.
import { createPolicy } from 'mcp-cors';
import { LOAD, listen, load, serve, startProcess } from './processes.mjs';
import { median, printTable } from './table.mjs';

const GENERATIONS = Number(process.env.GENERATIONS ?? 4);
const ROUNDS = Number(process.env.ROUNDS ?? 50);
/** A short turn: what else the machine does in a moment then meets all servers alike. */
const REQUESTS = 250;
/**
 * Until V8 has optimised all that a request runs through: a server's first second is not what it costs. In turns as well: who
 * is warm first and then waits for the others is up to a fifth slower for it, whatever it serves.
 */
const WARM_UP_ROUNDS = 60;
const SIZES = [1, 10_000];
const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'x'.repeat(200) } },
});
const ANSWER = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'x'.repeat(200) }] } };

const originsOf = (count) => Array.from({ length: count }, (_, i) => `https://app${i}.example.com`);
const EXPOSED = ['Mcp-Session-Id', 'WWW-Authenticate'];
/** What must be sent, whoever does it: the headers of mcp-cors, without a check of anything. */
const BY_HAND = headersFor(originsOf(1)[0]);

function headersFor(origin) {
  const head = { method: 'POST', path: '/mcp', host: '127.0.0.1', scheme: 'http', origin, loopback: true };
  const { headers, vary } = createPolicy({ origins: [origin] }).decide({
    ...head,
    contentType: 'application/json',
  });
  return [...headers, ['vary', vary]];
}

/**
 * An application of each framework: bare, with the headers written in by hand, with mcp-cors, and with the framework's
 * own package.
 */
const FRAMEWORKS = {
  'node:http': {
    own: 'cors',
    async start(variant, origins) {
      const { createServer } = await import('node:http');
      const listener = (request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => {
          JSON.parse(Buffer.concat(chunks).toString());
          const text = JSON.stringify(ANSWER);
          const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
          if (variant === 'by-hand') for (const [name, value] of BY_HAND) headers[name] = value;
          response.writeHead(200, headers);
          response.end(text);
        });
      };
      if (variant === 'bare' || variant === 'by-hand') return listen(createServer(listener));
      if (variant === 'mcp-cors') {
        const { mcpCors } = await import('mcp-cors/node');
        return listen(createServer(mcpCors({ origins })(listener)));
      }
      const { default: cors } = await import('cors');
      const handle = cors({ origin: origins, exposedHeaders: EXPOSED });
      return listen(
        createServer((request, response) => handle(request, response, () => listener(request, response))),
      );
    },
  },
  express: {
    own: 'cors',
    async start(variant, origins) {
      const { default: express } = await import('express');
      const app = express();
      if (variant === 'mcp-cors') app.use((await import('mcp-cors/express')).mcpCors({ origins }));
      if (variant === 'own')
        app.use((await import('cors')).default({ origin: origins, exposedHeaders: EXPOSED }));
      if (variant === 'by-hand') {
        app.use((_, response, next) => {
          for (const [name, value] of BY_HAND) response.setHeader(name, value);
          next();
        });
      }
      app.use(express.json());
      app.post('/mcp', (_, response) => void response.json(ANSWER));
      return listen((await import('node:http')).createServer(app));
    },
  },
  fastify: {
    own: '@fastify/cors',
    async start(variant, origins) {
      const { fastify } = await import('fastify');
      const app = fastify();
      if (variant === 'mcp-cors') await app.register((await import('mcp-cors/fastify')).mcpCors({ origins }));
      if (variant === 'own') {
        await app.register((await import('@fastify/cors')).default, {
          origin: origins,
          exposedHeaders: EXPOSED,
        });
      }
      if (variant === 'by-hand') {
        app.addHook('onRequest', (_, reply, done) => {
          for (const [name, value] of BY_HAND) reply.header(name, value);
          done();
        });
      }
      app.post('/mcp', async () => ANSWER);
      return app.listen({ host: '127.0.0.1', port: 0 });
    },
  },
  hono: {
    own: 'hono/cors',
    async start(variant, origins) {
      const { Hono } = await import('hono');
      const { createAdaptorServer } = await import('@hono/node-server');
      const app = new Hono();
      if (variant === 'mcp-cors') app.use((await import('mcp-cors/hono')).mcpCors({ origins }));
      if (variant === 'own')
        app.use((await import('hono/cors')).cors({ origin: origins, exposeHeaders: EXPOSED }));
      if (variant === 'by-hand') {
        app.use((c, next) => {
          for (const [name, value] of BY_HAND) c.env.outgoing.setHeader(name, value);
          return next();
        });
      }
      app.post('/mcp', async (c) => {
        await c.req.json();
        return c.json(ANSWER);
      });
      return listen(createAdaptorServer(app));
    },
  },
  koa: {
    own: '@koa/cors with a Set',
    async start(variant, origins) {
      const { default: Koa } = await import('koa');
      const app = new Koa();
      if (variant === 'mcp-cors') app.use((await import('mcp-cors/koa')).mcpCors({ origins }));
      if (variant === 'own') {
        const allowed = new Set(origins);
        const origin = (ctx) => (allowed.has(ctx.get('Origin')) ? ctx.get('Origin') : '');
        app.use((await import('@koa/cors')).default({ origin, exposeHeaders: EXPOSED }));
      }
      if (variant === 'by-hand') {
        app.use((ctx, next) => {
          for (const [name, value] of BY_HAND) ctx.set(name, value);
          return next();
        });
      }
      app.use(async (ctx) => {
        const chunks = [];
        for await (const chunk of ctx.req) chunks.push(chunk);
        JSON.parse(Buffer.concat(chunks).toString());
        ctx.body = ANSWER;
      });
      return listen((await import('node:http')).createServer(app.callback()));
    },
  },
};

/** What is compared. The bare framework is there twice: how far it differs from itself is how far to trust the rest. */
const CANDIDATES = [
  ['bare', 1],
  ['bare again', 1],
  ['by-hand', 1],
  ...SIZES.flatMap((size) => [
    ['mcp-cors', size],
    ['own', size],
  ]),
];

/** CPU time per request of each candidate in each round, in microseconds. */
async function runGeneration(framework, candidates) {
  const servers = [];
  for (const [variant, size] of candidates) {
    servers.push({
      variant,
      size,
      server: await startProcess(import.meta.url, framework, variant, `${size}`),
    });
  }
  const rounds = servers.map(() => []);
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const i of turnsOf(round + WARM_UP_ROUNDS, servers.length)) {
      const { variant, size, server } = servers[i];
      const origin = originsOf(size).at(-1);
      const before = await server.cpuMs();
      await load(server.url, REQUESTS, {
        origin,
        body: BODY,
        awake: true,
        prove: (headers) => {
          const allowed = headers['access-control-allow-origin'];
          if (variant.startsWith('bare') === (allowed === origin))
            throw new Error(`${variant} allowed ${allowed}`);
        },
      });
      const used = (await server.cpuMs()) - before;
      if (round >= 0) rounds[i].push((used * 1000) / REQUESTS);
    }
  }
  for (const { server } of servers) await server.end();
  return rounds;
}

/** Whose turn it is in a round: each is first as often as last, and behind each of its neighbours. */
function turnsOf(round, count) {
  const turns = Array.from({ length: count }, (_, i) => (i + (round >> 1)) % count);
  return round % 2 === 0 ? turns : turns.reverse();
}

async function measure(framework) {
  // A process keeps the luck that it had when it was compiled and laid out in memory, so there are several of each.
  const costs = CANDIDATES.map(() => []);
  for (let generation = 0; generation < GENERATIONS; generation++) {
    // Nor is one always started before the others.
    const order = turnsOf(generation, CANDIDATES.length);
    const rounds = await runGeneration(
      framework,
      order.map((i) => CANDIDATES[i]),
    );
    for (const [place, i] of order.entries()) costs[i].push(...rounds[place]);
  }
  const [bare, ...others] = costs;
  const shown = (list) => {
    const part = median(list.map((cost, round) => bare[round] / cost)); // each with its neighbour in time
    return `${median(list).toFixed(0)} (${part.toFixed(2)})`;
  };
  return [framework, median(bare).toFixed(0), ...others.map(shown), FRAMEWORKS[framework].own];
}

const [framework, variant, size] = process.argv.slice(2);
if (variant !== undefined) {
  await serve(() => FRAMEWORKS[framework].start(variant.split(' ')[0], originsOf(Number(size))));
} else {
  const rows = [];
  for (const name of framework === undefined ? Object.keys(FRAMEWORKS) : [framework])
    rows.push(await measure(name));
  printTable(
    `node ${process.version}; CPU us per POST of ${BODY.length} bytes, in brackets requests per CPU-second as a part of the bare framework's; ${LOAD}, median of ${GENERATIONS} processes x ${ROUNDS} rounds of ${REQUESTS}`,
    [
      '',
      'bare',
      'bare again',
      'by hand',
      ...SIZES.flatMap((count) => [`mcp-cors, ${count} origins`, `own, ${count} origins`]),
      'own package',
    ],
    rows,
  );
}
