import { createMcpServer, listen } from '@mcp-cors/demo';
import { startGateway } from '@mcp-cors/gateway';
import express from 'express';
import { mcpCors } from 'mcp-cors/express';
import { mcpCors as nodeCors } from 'mcp-cors/node';
import { startSignIn } from './signIn.js';
import { type Started, startFront } from './start.js';

/** A server at which nothing is wrong. */
export interface SoundServer {
  readonly name: string;
  /** Journeys that have to come to something, and to what. */
  readonly outcomes: Readonly<Record<string, string>>;
  start(allowed: string): Promise<Started>;
}

const STREAMABLE = {
  'official-2-legacy': 'reachable',
  'official-2-auto': 'reachable',
  'official-1': 'reachable',
  inspector: 'reachable',
  'sign-in': 'not-offered',
  'http-sse': 'not-offered',
};
const SSE = { 'http-sse': 'reachable', 'official-2-legacy': 'not-offered', 'sign-in': 'not-offered' };
const SIGN_IN = { 'sign-in': 'reachable', 'official-2-legacy': 'reachable', 'official-2-auto': 'reachable' };

async function behindGateway(allowed: string, path: string): Promise<Started> {
  const app = createMcpServer();
  const upstream = await listen(app.listener, '127.0.0.1', 0);
  const gateway = await startGateway({
    listen: '127.0.0.1:0',
    policy: { origins: [allowed] },
    routes: [{ path: '/', upstream: upstream.origin }],
  });
  return {
    url: `${gateway.url}${path}`,
    sessions: () => app.sessions().streamable + app.sessions().sse,
    close: async () => {
      await Promise.all([app.close(), gateway.close(), upstream.close()]);
    },
  };
}

const behindExpress = (allowed: string, path: string): Promise<Started> =>
  startFront(
    (listener) =>
      express()
        .use(mcpCors({ origins: [allowed] }))
        .use(listener),
    path,
  );

/** Servers behind our own policy: the doctor must leave them alone. */
export const SOUND_SERVERS: readonly SoundServer[] = [
  { name: 'the Express adapter', outcomes: STREAMABLE, start: (allowed) => behindExpress(allowed, '/mcp') },
  {
    name: 'the Express adapter on HTTP+SSE',
    outcomes: SSE,
    start: (allowed) => behindExpress(allowed, '/sse'),
  },
  {
    name: 'the Node adapter with sealed sessions',
    outcomes: STREAMABLE,
    start: (allowed) =>
      startFront(
        nodeCors({ origins: [allowed], sessions: { secret: 'a secret of more than thirty-two characters' } }),
      ),
  },
  { name: 'the gateway', outcomes: STREAMABLE, start: (allowed) => behindGateway(allowed, '/mcp') },
  { name: 'the gateway on HTTP+SSE', outcomes: SSE, start: (allowed) => behindGateway(allowed, '/sse') },
  {
    name: 'the Node adapter before a server that asks for a token',
    outcomes: SIGN_IN,
    start: (allowed) =>
      startSignIn(
        allowed,
        { mcp: SILENT, metadata: SILENT, register: SILENT, token: SILENT },
        nodeCors({ origins: [allowed] }),
      ),
  },
];

/** A layer that says nothing, since the policy in front of it says it all. */
const SILENT = { onPreflights: false, onAnswers: () => false } as const;
