import type { RequestListener } from 'node:http';
import { createMcpServer, listen, type McpServerApp, type McpServerHooks } from '@mcp-cors/demo';
import { startGateway } from '@mcp-cors/gateway';
import cors from 'cors';
import express, { type RequestHandler } from 'express';
import { mcpCors } from 'mcp-cors/express';

/** Something that answers browsers in front of a server. */
export interface Front {
  readonly origin: string;
  close(): Promise<void>;
}

/** Puts a way of answering browsers in front of a listener; `allowed` is the one origin it lets in. */
export type StartFront = (listener: RequestListener, allowed: string) => Promise<Front>;

/** The real MCP server behind a front, and the log of what reached it. */
export interface Stage extends Front {
  readonly app: McpServerApp;
  /** Method and path of every request that reached the server. */
  readonly log: readonly string[];
}

const HOST = '127.0.0.1';

export const CARRIERS: Readonly<Record<string, StartFront>> = {
  async gateway(listener, allowed) {
    const server = await listen(listener, HOST, 0);
    const gateway = await startGateway({
      listen: `${HOST}:0`,
      policy: { origins: [allowed] },
      routes: [{ path: '/', upstream: server.origin }],
    });
    return {
      origin: gateway.url,
      close: async () => {
        await Promise.all([gateway.close(), server.close()]);
      },
    };
  },

  'Express adapter': (listener, allowed) => behindExpress(mcpCors({ origins: [allowed] }), listener),
};

/** No CORS at all. */
export const bare: StartFront = (listener) => listen(listener, HOST, 0);

/** What tutorials and issue threads tell MCP servers to do. */
export const publishedRecipe: StartFront = (listener, allowed) =>
  behindExpress(
    cors({
      origin: allowed,
      methods: ['GET', 'POST', 'OPTIONS'],
      allowedHeaders: ['Content-Type', 'Authorization', 'Mcp-Session-Id'],
      exposedHeaders: ['Mcp-Session-Id'],
    }),
    listener,
  );

export async function startStage(
  start: StartFront,
  allowed: string,
  hooks: Omit<McpServerHooks, 'onRequest'> = {},
): Promise<Stage> {
  const log: string[] = [];
  const app = createMcpServer({
    ...hooks,
    onRequest: ({ method, url = '/' }) => log.push(`${method} ${new URL(url, 'http://localhost').pathname}`),
  });
  const front = await start(app.listener, allowed);
  return {
    origin: front.origin,
    app,
    log,
    close: async () => {
      await Promise.all([app.close(), front.close()]);
    },
  };
}

function behindExpress(middleware: RequestHandler, listener: RequestListener): Promise<Front> {
  const app = express();
  app.use(middleware);
  app.use(listener);
  return listen(app, HOST, 0);
}
