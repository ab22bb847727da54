/** How bad a finding is: `error` breaks a page or lets a hostile one in, `warning` will on a bad day, `info` is worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

/** A fault of the server, or of what stands in front of it. */
export interface Finding {
  /** Stable: documents, filters and code scanning refer to it. */
  readonly id: string;
  readonly severity: Severity;
  /** One line, without a full stop. */
  readonly title: string;
  /** What was sent and what came back, secrets replaced. */
  readonly evidence: string;
  readonly why: string;
  /** What to change: a sentence, then lines of configuration or code for the stack that was recognised. */
  readonly fix: string;
  /** The origin of the page that the finding is about; undefined when it is about every page. */
  readonly origin?: string | undefined;
}

/** The clients whose journeys are walked. */
export const CLIENT_IDS = Object.freeze([
  'official-2-legacy',
  'official-2-auto',
  'official-1',
  'http-sse',
  'inspector',
  'sign-in',
] as const);

/** One of {@link CLIENT_IDS}. */
export type ClientId = (typeof CLIENT_IDS)[number];

/** One request of a journey, as its browser sees it. */
export interface Step {
  /** What the client is doing: `initialize`, `tools/list`, `end the session`. */
  readonly name: string;
  readonly method: string;
  readonly url: string;
  /** The preflight that the browser sends first; null when it needs none. */
  readonly preflight: { readonly status: number | null; readonly fromCache: boolean } | null;
  /** The status of the response; null when there was none, or when only the preflight was sent. */
  readonly status: number | null;
  /** Whether the page can go on. */
  readonly ok: boolean;
  /** Chromium's name of the fault; null when nothing was blocked. A step that is survived by falling back keeps it. */
  readonly corsError: string | null;
  readonly failedParameter: string | null;
  /** The sentence on the browser's console. */
  readonly console: string | null;
  /** What a real Chromium did with the same request; only when one was asked. */
  readonly chromium?: Confirmation | undefined;
  /** What the client made of it, where that is not plain: a fallback, a lost session, a preflight sent alone. */
  readonly note: string | null;
  /** Milliseconds since the journey began, and how long the step took. */
  readonly startMs: number;
  readonly durationMs: number;
}

/** What a real Chromium did, beside what was predicted. */
export interface Confirmation {
  readonly blocked: boolean;
  readonly corsError: string | null;
  readonly failedParameter: string | null;
  /** Whether it is what was predicted. */
  readonly agrees: boolean;
}

/** What came of a journey. */
export type JourneyOutcome =
  /** Every step would pass. */
  | 'reachable'
  /** It works, but only in an older era than the client began with. */
  | 'fallback'
  /** It connects and then loses its session. */
  | 'loses-session'
  | 'blocked'
  /** The server does not offer what the client needs: another transport, or no sign-in. */
  | 'not-offered';

/** A client's way from connect to the end of its session: connect, list tools, call a tool, end the session. */
export interface Journey {
  readonly client: ClientId;
  readonly origin: string;
  /** Whether every step would pass. */
  readonly ok: boolean;
  readonly outcome: JourneyOutcome;
  /** The revision that client and server agreed on; null when they never did. */
  readonly revision: string | null;
  readonly steps: readonly Step[];
}

/** What the server seems to be made of, most certain first. */
export interface Fingerprint {
  /** A name of the table of stacks: `express`, `typescript-sdk`, `nginx`, ... */
  readonly stack: string;
  /** The header or body that says so. */
  readonly because: string;
}

/** The policy that mends the server, rendered for what it is made of. */
export interface Rendering {
  /** A target of `mcp-cors render`. */
  readonly target: string;
  /** What the target is called, and which version the file is for. */
  readonly title: string;
  /** The file's name. */
  readonly file: string;
  /** What writes the file. */
  readonly command: string;
  /** The whole file. */
  readonly text: string;
}

/** Everything the doctor found. */
export interface Report {
  readonly target: string;
  readonly origins: readonly string[];
  readonly stacks: readonly Fingerprint[];
  readonly journeys: readonly Journey[];
  readonly findings: readonly Finding[];
  /** The files that fixes tell to write. */
  readonly renderings: readonly Rendering[];
  /** How many HTTP requests were sent. */
  readonly requests: number;
  readonly durationMs: number;
}
