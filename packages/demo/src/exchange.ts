/**
 * One HTTP exchange as a developer would look for it in the Network panel: told when the response head is known and
 * again, with the same id, when the exchange has ended.
 */
export interface RecordedExchange {
  readonly id: number;
  readonly startedAt: number;
  readonly method: string;
  /** The request target, query included. */
  readonly path: string;
  readonly origin: string | undefined;
  readonly preflight: boolean;
  /** Names in lower case, credentials redacted. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly status: number;
  /** What the policy said; a bare server has none. */
  readonly verdict?: string | undefined;
  readonly reason?: string | undefined;
  readonly phase: 'open' | 'ended' | 'aborted';
  readonly durationMs: number;
  /** Server-sent events written so far. */
  readonly events: number;
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
