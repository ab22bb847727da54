import { serve as serveHono } from '@hono/node-server';
import { createMcpServer } from '@mcp-cors/demo';
import { startGateway } from '@mcp-cors/gateway';
import { localhostHostValidation, localhostOriginValidation } from '@modelcontextprotocol/express';
import express from 'express';
import fastifyHttp from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import type { PolicyConfig } from 'mcp-cors';
import { mcpCors as forExpress } from 'mcp-cors/express';
import { mcpCors as forFastify } from 'mcp-cors/fastify';
import { mcpCors as forHono } from 'mcp-cors/hono';
import { mcpCors as forKoa } from 'mcp-cors/koa';
import { mcpCors as forNode } from 'mcp-cors/node';
import { createMcpFetchServer } from '../../carriers/fetchMcpServer.js';
import { createPlainMcp } from './plainMcp.js';
import { type Started, serve, startFront } from './start.js';

/** A server that lets in the allowed page alone. */
export interface GuardedServer {
  readonly name: string;
  /** Whether sessions are bound to their page. */
  readonly binds: boolean;
  /** The page's origin; `https://app.example.com` by default. */
  readonly page?: string;
  start(allowed: string): Promise<Started>;
}

type Start = (config: PolicyConfig, path: string) => Promise<Started>;

const SECRET = 'a secret of at least thirty-two characters';

const CARRIERS: Readonly<Record<string, Start>> = {
  gateway: async (config, path) => {
    const upstream = await startFront((listener) => listener, path);
    const gateway = await startGateway({
      listen: '127.0.0.1:0',
      policy: config,
      routes: [{ path: '/', upstream: new URL(upstream.url).origin }],
      limits: { shutdownTimeoutMs: 200 },
    });
    return {
      url: `${gateway.url}${path}`,
      sessions: upstream.sessions,
      close: async () => {
        await gateway.close();
        await upstream.close();
      },
    };
  },
  'Node adapter': (config, path) => startFront((listener) => forNode(config)(listener), path),
  'Express adapter': (config, path) =>
    startFront((listener) => express().use(forExpress(config)).use(listener), path),
  'Koa adapter': (config, path) =>
    startFront((listener) => {
      const app = new Koa();
      app.use(forKoa(config));
      app.use((context) => {
        context.respond = false;
        listener(context.req, context.res);
      });
      return app.callback();
    }, path),
  'Fastify adapter': async (config, path) => {
    const mcp = createMcpServer();
    const app = fastifyHttp();
    await app.register(forFastify(config));
    app.addContentTypeParser('*', (_, __, done) => done(null));
    app.removeContentTypeParser('application/json');
    app.all('/*', (request, reply) => {
      reply.hijack();
      mcp.listener(request.raw, reply.raw);
    });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    return {
      url: `${url}${path}`,
      sessions: () => mcp.sessions().streamable + mcp.sessions().sse,
      close: async () => {
        await mcp.close();
        app.server.closeAllConnections();
        await app.close();
      },
    };
  },
  'Hono adapter': (config) => {
    const mcp = createMcpFetchServer();
    const app = new Hono().use(forHono({ ...config, hosts: ['127.0.0.1'] }));
    app.all('/mcp', (context) => mcp.fetch(context.req.raw));
    return new Promise((resolve) => {
      const server = serveHono({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) =>
        resolve({
          url: `http://127.0.0.1:${port}/mcp`,
          sessions: () => mcp.sessions().length,
          close: async () => {
            await mcp.close();
            if ('closeAllConnections' in server) server.closeAllConnections();
            await new Promise((closed) => server.close(closed));
          },
        }),
      );
    });
  },
};

const carried = Object.entries(CARRIERS).flatMap(([name, start]): GuardedServer[] => [
  { name, binds: false, start: (allowed) => start({ origins: [allowed] }, '/mcp') },
  {
    name: `${name} with sealed sessions`,
    binds: true,
    start: (allowed) => start({ origins: [allowed], sessions: { secret: SECRET } }, '/mcp'),
  },
]);

/** Servers in which nothing must be found that is more than worth knowing. */
export const GUARDED_SERVERS: readonly GuardedServer[] = [
  ...carried,
  {
    name: 'the gateway in front of HTTP+SSE',
    binds: false,
    start: (allowed) => (CARRIERS.gateway as Start)({ origins: [allowed] }, '/sse'),
  },
  {
    name: 'the gateway with a wildcard for subdomains',
    binds: false,
    start: () => (CARRIERS.gateway as Start)({ origins: ['https://*.example.com'] }, '/mcp'),
  },
  {
    name: 'the gateway with credentials',
    binds: false,
    start: (allowed) => (CARRIERS.gateway as Start)({ origins: [allowed], credentials: true }, '/mcp'),
  },
  {
    name: 'a correct server made by hand',
    binds: true,
    start: (allowed) => serve((base) => createPlainMcp(allowed, () => base.origin)),
  },
  {
    name: 'a server that asks everybody for a token, and checks nothing else',
    binds: true,
    start: (allowed) =>
      serve((base) =>
        createPlainMcp(allowed, () => base.origin, {
          token: 'a-token',
          isHost: () => true,
          refuses: false,
          isJson: () => true,
        }),
      ),
  },
  {
    name: 'the checks of the TypeScript SDK, which say nothing about CORS',
    binds: false,
    page: 'http://localhost:3000',
    start: () =>
      startFront((listener) =>
        express().use(localhostHostValidation()).use(localhostOriginValidation()).use(listener),
      ),
  },
];
