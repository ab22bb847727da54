import type { Tree } from '../expression/tree.js';
import type { FormatHole } from '../reader.js';
import type { Position } from './position.js';

/** A request that a configuration is asked about. Names of headers are in lower case; Host is one of them. */
export interface ModelRequest {
  readonly method: string;
  /** As it is on the wire, without a query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the server behind a proxy would answer; `unreachable` when it is down. */
export type ServerReply =
  | { readonly status: number; readonly headers: readonly HeaderLine[] }
  | 'unreachable';

/** A line of a response. */
export interface HeaderLine {
  readonly name: string;
  /** undefined where it cannot be told. */
  readonly value: string | undefined;
  /** Where it is written; undefined for lines of the server behind. */
  readonly at?: Position | undefined;
  /** Why the value cannot be told. */
  readonly unfollowed?: Unfollowed | undefined;
}

/** What comes back, as a configuration has it. */
export interface ModelReply {
  /** Whether the server behind has got the request. */
  readonly forwarded: boolean;
  readonly status: number;
  readonly lines: readonly HeaderLine[];
  /** Where it was decided who answers. */
  readonly at: Position;
}

/** Something that a file compares origins or hosts with, where it is written. */
export type Mention = { readonly at: Position } & (
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'regexp';
      readonly source: string;
      readonly flags: '' | 'i';
      /** undefined where it is not followed. */
      readonly tree: Tree | undefined;
      readonly matches: (text: string) => boolean;
    }
);

/** A place of a configuration as something that can be asked. */
export interface Model {
  /** `server mcp.example.com, location /mcp`. */
  readonly name: string;
  readonly at: Position;
  /** A path that reaches it. */
  readonly path: string;
  /** A Host that reaches it. */
  readonly host: string;
  /** @throws {Unfollowed} where the answer depends on something that is not followed. */
  readonly answer: (request: ModelRequest, server: ServerReply) => ModelReply;
  /** What origins are compared with, and what they are sent back as. */
  readonly origins: readonly Mention[];
  /** Where origins are compared together with something else, so that nothing can be told from it. */
  readonly mixed: readonly Position[];
  /** What hosts are compared with. */
  readonly hosts: readonly Mention[];
  /** Words of the file that may be names of headers. */
  readonly words: readonly string[];
  /** Names under which it is reached. */
  readonly hostNames: readonly string[];
  /** Holes that are seen without asking. */
  readonly holes: readonly FormatHole[];
}

/** Thrown inside a model where it comes to something that is not followed; never leaves the readers. */
export class Unfollowed extends Error {
  readonly at: Position;
  /** What stands there. */
  readonly text: string;

  constructor(at: Position, text: string, why: string) {
    super(why);
    this.at = at;
    this.text = text;
  }
}
