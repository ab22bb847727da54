import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import fastifyCors from '@fastify/cors';
import koaCors from '@koa/cors';
import cors from 'cors';
import express4 from 'express4';
import Fastify, { type FastifyInstance } from 'fastify';
import Koa, { type Context } from 'koa';
import type { Policy, PolicyConfig } from 'mcp-cors';
import { mcpCors as mcpCorsExpress } from 'mcp-cors/express';
import { mcpCors as mcpCorsFastify } from 'mcp-cors/fastify';
import { mcpCors as mcpCorsKoa } from 'mcp-cors/koa';
import { type Http2RequestListener, mcpCors as mcpCorsNode, type NodeCarrierOptions } from 'mcp-cors/node';
import { createCertificate } from './http2Certificate.js';

/** A policy with its options. */
export type Behind = readonly [policy: PolicyConfig | Policy, options?: NodeCarrierOptions];

/** A framework's server with policies in front, one behind the other. */
export interface Running {
  readonly port: number;
  /** The certificate of a server with TLS. */
  readonly ca: string | undefined;
  /** Lets `/stream` and `/sse` go on. */
  proceed(): void;
  /** How many streams wait for that. */
  waiting(): number;
  close(): Promise<void>;
}

/** A framework, and how the same small application is written for it. */
export interface Framework {
  readonly name: string;
  /** With `cors`, the framework's own package behind the policies allows everything. */
  start(behind: readonly Behind[], extra?: { readonly cors?: boolean }): Promise<Running>;
}

/** Bodies above it are answered with 413. */
export const BODY_LIMIT = 64;

/** What `/own` says by itself. */
export const OWN_HEADERS: Readonly<Record<string, string>> = {
  vary: 'Accept',
  'access-control-allow-origin': '*',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'x-own',
};

/** The session that the server of `/session` and `/sse` opens. */
export const SESSION_ID = 'session-1';

/** Writes a stream in parts, and waits between them. */
async function writeParts(
  response: ServerResponse,
  parts: readonly string[],
  gate: EventEmitter,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (const part of parts) {
    const next = once(gate, 'next');
    response.write(part);
    await next;
  }
  response.end();
}

function controls(gate: EventEmitter): Pick<Running, 'proceed' | 'waiting'> {
  return { proceed: () => void gate.emit('next'), waiting: () => gate.listenerCount('next') };
}

const STREAM_PARTS = ['data: 1\n\n', 'data: 2\n\n'];

/** The `endpoint` event of the HTTP+SSE transport with lines that end so, in parts that end anywhere. */
function endpointParts(lineEnd: string): readonly string[] {
  const event = `event: endpoint${lineEnd}data: /messages?sessionId=${SESSION_ID}${lineEnd}${lineEnd}`;
  return [event.slice(0, 9), event.slice(9, 40), event.slice(40), `data: 2${lineEnd}${lineEnd}`];
}

const LINE_ENDS: Readonly<Record<string, string>> = { lf: '\n', crlf: '\r\n', cr: '\r' };

const lineEndOf = (name: unknown): string => LINE_ENDS[String(name)] ?? '\n';

async function listening(server: Server & { closeAllConnections?: () => void }): Promise<{
  readonly port: number;
  close(): Promise<void>;
}> {
  const connections = new Set<{ destroy(): void }>();
  server.on('connection', (socket: { destroy(): void; once(name: 'close', listener: () => void): void }) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.destroy();
      }),
  };
}

const express4Framework: Framework = {
  name: 'express4',
  async start(behind, { cors: withCors = false } = {}) {
    const gate = new EventEmitter();
    const app = express4();
    app.set('env', 'test'); // the default error handler prints nothing
    for (const [policy, options] of behind) app.use(mcpCorsExpress(policy, options));
    if (withCors) {
      app.use(cors({ origin: '*', methods: ['GET'], allowedHeaders: ['x-a'], exposedHeaders: ['x-other'] }));
    }
    app.use(express4.json({ limit: BODY_LIMIT }));
    app.get('/mcp', (_, response) => void response.end('ok'));
    app.post('/mcp', (incoming, response) => void response.json(incoming.body));
    app.get('/throw', () => {
      throw new Error('broken');
    });
    // Express 4 does not wait for promises.
    app.get('/reject', (_, _response, next) => void Promise.reject(new Error('broken later')).catch(next));
    app.get('/stream', (_, response) => void writeParts(response, STREAM_PARTS, gate));
    app.get('/own', (_, response) => void response.set(OWN_HEADERS).send('own'));
    app.get('/session', (_, response) => void response.set('Mcp-Session-Id', SESSION_ID).send('opened'));
    app.get('/sse', (incoming, response) => {
      void writeParts(response, endpointParts(lineEndOf(incoming.query.newline)), gate);
    });
    app.all(['/seen', '/messages'], (incoming, response) => {
      const { query, url, originalUrl, headers } = incoming;
      response.json({ query, url, originalUrl, sessionId: headers['mcp-session-id'] });
    });
    const server = await listening(createServer(app));
    return { ...server, ca: undefined, ...controls(gate) };
  },
};

async function buildFastify(app: FastifyInstance, withCors: boolean, gate: EventEmitter): Promise<void> {
  if (withCors) await app.register(fastifyCors, { origin: '*', exposedHeaders: ['x-other'] });
  app.get('/mcp', () => 'ok');
  app.post('/mcp', ({ body }) => body);
  app.get('/throw', () => {
    throw new Error('broken');
  });
  app.get('/reject', async () => {
    await Promise.resolve();
    throw new Error('broken later');
  });
  app.get('/stream', (_, reply) => {
    reply.hijack();
    void writeParts(reply.raw, STREAM_PARTS, gate);
  });
  app.get('/own', (_, reply) => reply.headers(OWN_HEADERS).send('own'));
  app.get('/session', (_, reply) => reply.header('Mcp-Session-Id', SESSION_ID).send('opened'));
  app.get<{ Querystring: { newline?: string } }>('/sse', ({ query }, reply) => {
    reply.hijack();
    void writeParts(reply.raw, endpointParts(lineEndOf(query.newline)), gate);
  });
  for (const url of ['/seen', '/messages']) {
    app.all(url, ({ query, url, originalUrl, headers }) => ({
      query,
      url,
      originalUrl,
      sessionId: headers['mcp-session-id'],
    }));
  }
}

const fastifyFramework: Framework = {
  name: 'fastify',
  async start(behind, { cors: withCors = false } = {}) {
    const gate = new EventEmitter();
    const app = Fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
    for (const [policy, options] of behind) await app.register(mcpCorsFastify(policy, options));
    await buildFastify(app, withCors, gate);
    await app.listen({ host: '127.0.0.1', port: 0 });
    return {
      port: (app.server.address() as AddressInfo).port,
      ca: undefined,
      ...controls(gate),
      close: () => app.close(),
    };
  },
};

/** The application behind a Koa middleware or, without one, behind a wrapped listener. */
function createKoa(behind: readonly Behind[], withCors: boolean, gate: EventEmitter): Koa {
  const app = new Koa();
  app.silent = true;
  for (const [policy, options] of behind) app.use(mcpCorsKoa(policy, options));
  if (withCors) app.use(koaCors({ origin: '*', exposeHeaders: ['x-other'], keepHeadersOnError: true }));
  const routes: Readonly<Record<string, (context: Context) => unknown>> = {
    '/mcp': async (context) => {
      if (context.method !== 'POST') {
        context.body = 'ok';
        return;
      }
      let body = '';
      for await (const chunk of context.req) {
        body += String(chunk);
        if (body.length > BODY_LIMIT) context.throw(413);
      }
      context.type = 'json';
      context.body = body;
    },
    '/throw': () => {
      throw new Error('broken');
    },
    '/reject': async () => {
      await Promise.resolve();
      throw new Error('broken later');
    },
    '/stream': (context) => {
      context.respond = false;
      void writeParts(context.res, STREAM_PARTS, gate);
    },
    '/own': (context) => {
      context.set({ ...OWN_HEADERS });
      context.body = 'own';
    },
    '/session': (context) => {
      context.set('Mcp-Session-Id', SESSION_ID);
      context.body = 'opened';
    },
    '/sse': (context) => {
      context.respond = false;
      void writeParts(context.res, endpointParts(lineEndOf(context.query.newline)), gate);
    },
    '/seen': seen,
    '/messages': seen,
  };
  app.use((context) => routes[context.path]?.(context));
  return app;
}

function seen(context: Context): void {
  const { query, url, originalUrl } = context;
  context.body = { query, url, originalUrl, sessionId: context.headers['mcp-session-id'] };
}

const koaFramework: Framework = {
  name: 'koa',
  async start(behind, { cors: withCors = false } = {}) {
    const gate = new EventEmitter();
    const server = await listening(createServer(createKoa(behind, withCors, gate).callback()));
    return { ...server, ca: undefined, ...controls(gate) };
  },
};

/** Koa over HTTP/2 with TLS, behind the adapter for Node; the same port speaks HTTP/1.1. */
const http2Framework: Framework = {
  name: 'http2',
  async start(behind, { cors: withCors = false } = {}) {
    const gate = new EventEmitter();
    const certificate = createCertificate();
    const callback = createKoa([], withCors, gate).callback() as unknown as Http2RequestListener;
    const listener = behind.reduceRight(
      (inner, [policy, options]) => mcpCorsNode(policy, options)(inner),
      callback,
    );
    const server = await listening(createSecureServer({ ...certificate, allowHTTP1: true }, listener));
    return { ...server, ca: certificate.cert, ...controls(gate) };
  },
};

/** All of them. */
export const FRAMEWORKS: readonly Framework[] = [
  express4Framework,
  fastifyFramework,
  koaFramework,
  http2Framework,
];
