import type { Via } from './exchange.js';

/** The two pages that the demo serves, from two origins. */
export type PageRole = 'allowed' | 'foreign';

/** The URLs of one way to the server. */
export interface Target {
  readonly origin: string;
  /** The Streamable HTTP endpoint. */
  readonly mcp: string;
  /** The stream of the HTTP+SSE transport. */
  readonly sse: string;
}

/** What `/demo.json` tells the page: what runs where. */
export interface DemoDescription {
  readonly role: PageRole;
  readonly allowedOrigin: string;
  readonly foreignOrigin: string;
  readonly targets: Readonly<Record<Via, Target>>;
  /** Whether the server is the demo's own; a stranger's server is only listed and, if it has one, its `echo` called. */
  readonly ownServer: boolean;
}
