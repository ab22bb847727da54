import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { mcpCors } from 'mcp-cors/fastify';
import { APPLICATION_CORS } from './application.js';
import { type Carrier, createSocketCarrier } from './carriers.js';

/** A Fastify application with the plugin before everything but one hook, which has said its own about CORS by then. */
export function createFastifyCarrier(): Carrier {
  return createSocketCarrier('fastify', async (policy, { listener }) => {
    const app = Fastify({ forceCloseConnections: true });
    app.addHook('onRequest', (_, reply, done) => {
      for (const [name, value] of APPLICATION_CORS) reply.raw.setHeader(name, value);
      done();
    });
    await app.register(mcpCors(policy));
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    const handler = ({ raw }: FastifyRequest, reply: FastifyReply): void => {
      reply.hijack();
      listener(raw, reply.raw);
    };
    app.all('/*', handler);
    app.setNotFoundHandler(handler);
    await app.listen({ host: '127.0.0.1', port: 0 });
    return {
      port: (app.server.address() as AddressInfo).port,
      close: () => app.close(),
    };
  });
}
