// Compiled, not run: what Fastify 5 and the adapter say of each other without a cast.
import { createServer } from 'node:http';
import Fastify, { type FastifyPluginCallback } from 'fastify';
import { createPolicy } from 'mcp-cors';
import { mcpCors } from 'mcp-cors/fastify';
import { mcpCors as mcpCorsNode } from 'mcp-cors/node';

const ORIGINS = { origins: 'https://app.example.com' } as const;

export async function build(): Promise<void> {
  const app = Fastify();
  await app.register(mcpCors(ORIGINS));
  await app.register(mcpCors(createPolicy(ORIGINS), { requestId: true }));
  await Fastify({ logger: true }).register(mcpCors(ORIGINS));
  await Fastify({ http2: true }).register(mcpCors(ORIGINS));
  await Fastify({ https: {} }).register(mcpCors(ORIGINS));
  await app.register(async (child) => {
    await child.register(mcpCors(ORIGINS));
  });
  Fastify({ serverFactory: (handler) => createServer(mcpCorsNode(ORIGINS)(handler)) });
  createServer(mcpCorsNode(ORIGINS)(app.routing));

  // @ts-expect-error: the name is `origins`
  await app.register(mcpCors({ origin: 'https://app.example.com' }));
  // @ts-expect-error: the name is `onDecision`
  await app.register(mcpCors(ORIGINS, { ondecision: () => {} }));
  // @ts-expect-error: mcpCors makes the plugin, and is none
  await app.register(mcpCors, ORIGINS);
}

export const asFastify: FastifyPluginCallback = mcpCors(ORIGINS);
