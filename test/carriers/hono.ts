import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { mcpCors } from 'mcp-cors/hono';
import { APPLICATION_CORS } from './application.js';
import { type Carrier, createSocketCarrier } from './carriers.js';

/** A Hono application with the middleware before everything but two, which have said their own about CORS by then. */
export function createHonoCarrier(): Carrier {
  return createSocketCarrier('hono', async (policy, { handler }) => {
    const app = new Hono();
    app.use(async (c, next) => {
      for (const [name, value] of APPLICATION_CORS) c.header(name, value);
      await next();
    });
    app.use(async (c, next) => {
      for (const [name, value] of APPLICATION_CORS) c.res.headers.set(name, value);
      await next();
    });
    app.use(mcpCors(policy));
    app.all('*', (c) => handler(c.req.raw));
    const server = createAdaptorServer({ fetch: app.fetch, hostname: '127.0.0.1' });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      port: (server.address() as AddressInfo).port,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          if ('closeAllConnections' in server) server.closeAllConnections();
        }),
    };
  });
}
