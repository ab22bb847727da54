import type { Server } from 'node:http';
import type { McpEndpoint } from './endpoint.js';

/** How often connections that have become idle are looked for. */
const IDLE_CHECK_MS = 50;

/**
 * Ends a server: takes no more connections, ends the streams of clients that only listen, gives the calls that are under way
 * `timeoutMs` to finish, then ends whatever is left. Never rejects, and never takes much longer than that.
 */
export async function shutDown(server: Server, endpoint: McpEndpoint, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  endpoint.endIdleStreams();
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const bound = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(idle);
  clearTimeout(bound);
}
