import type { RequestListener } from 'node:http';
import { createMcpServer, listen } from '@mcp-cors/demo';
import { behindLayer, type Layer } from './layer.js';

/** A server to examine. */
export interface Started {
  /** The URL of its endpoint. */
  readonly url: string;
  /** How many sessions are open, where that is known. */
  readonly sessions: () => number;
  close(): Promise<void>;
}

/** Serves a listener on a free port of loopback. */
export async function serve(
  make: (base: { origin: string }) => RequestListener,
  path = '/mcp',
  closing: () => Promise<void> = async () => {},
  sessions: () => number = () => 0,
): Promise<Started> {
  const base = { origin: '' };
  const listener = make(base);
  const listening = await listen(listener, '127.0.0.1', 0);
  base.origin = listening.origin;
  return {
    url: `${listening.origin}${path}`,
    sessions,
    close: async () => {
      await Promise.all([closing(), listening.close()]);
    },
  };
}

/** The real MCP server behind a layer that says something about CORS. */
export function startLayered(allowed: string, layer: Layer, path = '/mcp'): Promise<Started> {
  return startFront((listener) => behindLayer(listener, allowed, layer), path);
}

/** The real MCP server behind any front. */
export function startFront(
  front: (listener: RequestListener) => RequestListener,
  path = '/mcp',
): Promise<Started> {
  const app = createMcpServer();
  return serve(
    () => front(app.listener),
    path,
    () => app.close(),
    () => app.sessions().streamable + app.sessions().sse,
  );
}
