import type { ServerResponse } from 'node:http';
import { startUpstream, type Upstream } from './upstream.js';

export const STREAM = { 'Content-Type': 'text/event-stream' };
export const GET_STREAM = { method: 'GET', headers: [['Accept', 'text/event-stream']] } as const;

/** An upstream whose every response is a stream that says nothing until the test writes to it. */
export async function startSilentStream(
  headers: Record<string, string> = {},
): Promise<{ upstream: Upstream; streams: ServerResponse[] }> {
  const streams: ServerResponse[] = [];
  const upstream = await startUpstream((_, response) => {
    response.writeHead(200, { ...STREAM, ...headers });
    response.flushHeaders();
    streams.push(response);
  });
  return { upstream, streams };
}
