import type { Exchange } from '@mcp-cors/gateway';

/** An exchange as the gateway tells it; where a bare server was recorded, there is no policy that said anything. */
export interface RecordedExchange extends Omit<Exchange, 'verdict' | 'reason'> {
  readonly verdict?: string | undefined;
  readonly reason?: string | undefined;
}

/** How a page reaches the server. */
export type Via = 'direct' | 'gateway';

export interface DemoExchange extends RecordedExchange {
  readonly via: Via;
}

/** A request that reached the MCP server, whoever sent it. */
export interface Arrival {
  readonly at: number;
  readonly method: string;
  readonly path: string;
}
