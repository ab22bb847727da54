/** An answer of the gateway's own. */
interface AnswerSpec {
  readonly status: number;
  /** For the client. */
  readonly message: string;
  /** When it may try again. */
  readonly retryAfterSeconds?: number;
  /** Whether the rest of the request is not worth reading. */
  readonly closes?: true;
}

/** What the gateway itself answers, apart from denials of the policy. */
export const GATEWAY_ANSWERS = {
  'no-route': { status: 404, message: 'No route of the gateway leads here' },
  'path-not-plain': {
    status: 400,
    message:
      'The path can be read in more than one way: write it without empty or dot segments, \\ # ; and needless percent-encoding',
  },
  'session-upstream-gone': {
    status: 404,
    message: 'The MCP server that opened this session is not behind the gateway any more: initialize again',
  },
  'upstream-unreachable': { status: 502, message: 'The MCP server behind the gateway cannot be reached' },
  'upstream-broke-off': { status: 502, message: 'The MCP server broke off its answer' },
  'upstream-answer-invalid': { status: 502, message: 'The MCP server sent an answer that is not valid HTTP' },
  'upstream-redirects': { status: 502, message: 'The MCP server redirects in a circle' },
  'upstream-timeout': { status: 504, message: 'The MCP server did not answer in time' },
  /** Over HTTP/2 alone: in HTTP/1.1 the parser refuses it, and nothing is known of the page. */
  'head-too-large': {
    status: 431,
    message: 'The headers of the request are larger than the gateway lets pass',
  },
  'body-too-large': {
    status: 413,
    message: 'The body of the request is larger than the gateway lets pass',
    closes: true,
  },
  'body-too-slow': { status: 408, message: 'The body of the request did not arrive in time', closes: true },
  'too-many-streams': {
    status: 429,
    message: 'This client has as many event streams open as it may',
    retryAfterSeconds: 5,
  },
} as const satisfies Readonly<Record<string, AnswerSpec>>;

/** A stable code of {@link GATEWAY_ANSWERS}. */
export type GatewayAnswer = keyof typeof GATEWAY_ANSWERS;

/** What the gateway finds wrong in an answer that it has begun to pass on, or passes on as it is. */
export const GATEWAY_FAULTS = {
  'endpoint-foreign': {
    message: 'The MCP server names an endpoint on another server',
    remedy:
      'Let it announce a path such as /messages, or name that origin in upstreamNames of the route if it is the same server',
  },
  'endpoint-unreachable': {
    message: 'The MCP server names an endpoint that no route of the gateway leads to',
    remedy: 'Add a route that leads there, or give the whole server a route with the path /',
  },
  'metadata-signed': {
    message: 'The MCP server signs its metadata, which cannot be rewritten',
    remedy: 'Let the server sign metadata with its public URL, and set oauth: passthrough',
  },
} as const;

/** A stable code of {@link GATEWAY_FAULTS}. */
export type GatewayFault = keyof typeof GATEWAY_FAULTS;

/**
 * What is said to a client whose bytes are no request that could be decided about: by Node's codes of errors, and by
 * ours. All others are a `400 Bad Request`. There is nothing in them that a page could read.
 */
export const UNREADABLE_REQUESTS = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  TRANSFER_CODING_UNKNOWN: '501 Not Implemented',
  CONNECT: '501 Not Implemented',
  VERSION: '505 HTTP Version Not Supported',
} as const satisfies Readonly<Record<string, string>>;

/** One thing that is wrong with a gateway's configuration, or that keeps it from starting. */
export interface GatewayIssue {
  readonly code: string;
  /** Where in the configuration, such as `routes[0].upstream`. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** Thrown when a gateway cannot start as configured; carries every issue that was found. */
export class GatewayConfigError extends Error {
  override readonly name = 'GatewayConfigError';
  readonly code = 'ERR_GATEWAY_CONFIG';
  readonly issues: readonly GatewayIssue[];

  constructor(issues: readonly GatewayIssue[]) {
    const lines = issues.map((issue) => `  ${issue.path}: ${issue.message}. ${issue.remedy}`);
    const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
    super(`the gateway's configuration has ${count}:\n${lines.join('\n')}`);
    this.issues = Object.freeze([...issues]);
  }
}
