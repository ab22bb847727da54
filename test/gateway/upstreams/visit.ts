import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { UpstreamCase, Way } from './upstreams.js';

/** A response as the page's browser would get it. */
export interface Seen {
  readonly method: string;
  readonly status: number;
  readonly type: string;
  readonly allowOrigin: string | null;
  readonly vary: string | null;
}

/** What the official client got from a server, from connect to close. */
export interface Visit {
  readonly revision: string | undefined;
  readonly server: string | undefined;
  readonly tools: readonly string[];
  readonly text: unknown;
  readonly progress: readonly number[];
  readonly counted: unknown;
  readonly hasSession: boolean;
  /** The status of a request in the session once it was ended; undefined where there was none. */
  readonly afterwards: number | undefined;
  /** Every response, in order of its arrival. */
  readonly seen: readonly Seen[];
}

/** Goes to a server with the official client as a page of this origin, or as a native client of none. */
export async function visit(
  origin: string,
  way: Way,
  { call, counting }: UpstreamCase,
  page: string | undefined,
): Promise<Visit> {
  const seen: Seen[] = [];
  const asPage = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers);
    if (page !== undefined) headers.set('origin', page);
    const response = await fetch(url, { ...init, headers });
    seen.push({
      method: init?.method ?? 'GET',
      status: response.status,
      type: response.headers.get('content-type')?.split(';')[0] ?? '',
      allowOrigin: response.headers.get('access-control-allow-origin'),
      vary: response.headers.get('vary'),
    });
    return response;
  };
  const url = new URL(way.path, origin);
  const transport =
    way.transport === 'sse'
      ? new SSEClientTransport(url, { fetch: asPage })
      : new StreamableHTTPClientTransport(url, { fetch: asPage });
  const mode = way.revision === '2026-07-28' ? { pin: way.revision } : 'legacy';
  const client = new Client({ name: 'page', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  try {
    const { tools } = await client.listTools();
    const called = await client.callTool({ name: call.name, arguments: call.arguments });
    const progress: number[] = [];
    const counted =
      counting &&
      (await client.callTool(
        { name: counting.name, arguments: counting.arguments },
        { onprogress: (step) => void progress.push(step.progress) },
      ));
    const session = transport instanceof StreamableHTTPClientTransport ? transport.sessionId : undefined;
    let afterwards: number | undefined;
    if (transport instanceof StreamableHTTPClientTransport && session !== undefined) {
      await transport.terminateSession();
      afterwards = (
        await asPage(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-session-id': session,
            'mcp-protocol-version': '2025-11-25',
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 'after', method: 'ping' }),
        })
      ).status;
    }
    return {
      revision: client.getNegotiatedProtocolVersion(),
      server: client.getServerVersion()?.name,
      tools: tools.map(({ name }) => name),
      text: textOf(called),
      progress,
      counted: counted && textOf(counted),
      hasSession: session !== undefined,
      afterwards,
      seen,
    };
  } finally {
    await client.close();
  }
}

function textOf(result: object): unknown {
  return (result as { content?: readonly { text?: unknown }[] }).content?.[0]?.text;
}
