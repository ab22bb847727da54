import type { Severity } from '../../../packages/mcp-cors/src/doctor/report.js';
import { startEverything } from '../../fixtures/servers/everything.js';
import { startMcpProxy } from '../../fixtures/servers/mcpProxy.js';
import type { Program } from '../../fixtures/servers/program.js';
import { startSupergateway } from '../../fixtures/servers/supergateway.js';
import type { Started } from './start.js';

/** A server on the stack that people run, as it comes or as its guide says, and what is wrong with it. */
export interface RealServer {
  readonly name: string;
  /** Every error and warning of a plain check, no more and no less. */
  readonly findings: Readonly<Record<string, Severity>>;
  /** What `--attack` adds, where it is attacked. */
  readonly attacked?: Readonly<Record<string, Severity>>;
  /** Findings that are worth knowing and must be there. */
  readonly infos?: readonly string[];
  /** Findings that must not be there. */
  readonly never?: readonly string[];
  /** Sessions are opened whose ids nobody learns, so that nobody can end them. */
  readonly orphans?: true;
  /** What the journeys come to, as far as they are telling. */
  readonly outcomes: Readonly<Record<string, string>>;
  /** What has to be recognised. */
  readonly stack: string;
  /** The finding whose fix is meant, and what it has to say; the first of the findings by default. */
  readonly fix?: readonly [finding: string, says: RegExp];
  /** Milliseconds for one answer, where some never come. */
  readonly timeoutMs?: number;
  /** Seconds for which a silent stream is listened to. */
  readonly idle?: number;
  start(allowed: string): Promise<Started>;
}

/** A program that is a server as it is. */
export async function asServer(program: Promise<Program>, path = '/mcp'): Promise<Started> {
  const { origin, close } = await program;
  return { url: `${origin}${path}`, sessions: () => 0, close };
}

/** What every server has that looks at neither Host nor Origin. */
export const UNGUARDED = { 'host-not-checked': 'error', 'origin-not-checked': 'warning' } as const;

/** The same where every page is let in. */
export const WIDE_OPEN = {
  'host-not-checked': 'error',
  'origin-not-checked': 'error',
  'any-origin-allowed': 'error',
} as const;

/** What comes of journeys before a server of the revisions with sessions. */
export const GOES_THROUGH = {
  'official-2-legacy': 'reachable',
  'official-1': 'reachable',
  inspector: 'reachable',
};
export const NOBODY_GETS_IN = {
  'official-2-legacy': 'blocked',
  'official-1': 'blocked',
  inspector: 'blocked',
};
const SSE = { 'http-sse': 'reachable', 'official-2-legacy': 'not-offered' };

const NOT_BOUND = { 'session-not-bound': 'warning' } as const;

const supergateway =
  (path: string, ...flags: readonly string[]) =>
  (): Promise<Started> =>
    asServer(
      startSupergateway(...(path === '/mcp' ? ['--outputTransport', 'streamableHttp'] : []), ...flags),
      path,
    );

/** Programs that put a server of standard input and output on the web, and the project's example server. */
export const REAL_PROGRAMS: readonly RealServer[] = [
  {
    name: 'server-everything',
    findings: { ...WIDE_OPEN, 'lost-session-not-404': 'warning' },
    attacked: NOT_BOUND,
    outcomes: { ...GOES_THROUGH, 'official-2-auto': 'fallback', 'http-sse': 'not-offered' },
    stack: 'typescript-sdk',
    fix: ['any-origin-allowed', /In the TypeScript SDK:/],
    start: () => asServer(startEverything()),
  },
  {
    name: 'server-everything on HTTP+SSE',
    findings: WIDE_OPEN,
    outcomes: SSE,
    stack: 'express',
    fix: ['any-origin-allowed', /In Express:/],
    start: () => asServer(startEverything('sse'), '/sse'),
  },
  {
    name: 'supergateway as it comes',
    findings: { ...UNGUARDED, 'no-cors': 'error' },
    outcomes: NOBODY_GETS_IN,
    stack: 'supergateway',
    fix: ['no-cors', /In supergateway:\n\nnpx supergateway --cors https:\/\/app\.example\.com/],
    start: supergateway('/mcp'),
  },
  {
    name: 'supergateway --cors',
    findings: { ...WIDE_OPEN, 'errors-without-cors': 'warning' },
    attacked: NOT_BOUND,
    outcomes: { ...GOES_THROUGH, 'official-2-auto': 'fallback' },
    stack: 'supergateway',
    fix: ['any-origin-allowed', /In supergateway:/],
    start: supergateway('/mcp', '--stateful', '--cors'),
  },
  {
    name: 'supergateway --cors with the expression of its README',
    findings: { ...UNGUARDED, 'errors-without-cors': 'warning' },
    attacked: {
      'origin-suffix-matched': 'error',
      'scheme-downgrade-allowed': 'warning',
      'session-not-bound': 'warning',
    },
    outcomes: GOES_THROUGH,
    stack: 'supergateway',
    fix: ['host-not-checked', /without anchors lets others in/],
    start: supergateway('/mcp', '--stateful', '--cors', '/example\\.com$/'),
  },
  {
    name: 'supergateway on HTTP+SSE as it comes',
    findings: { ...UNGUARDED, 'no-cors': 'error' },
    attacked: {},
    outcomes: { 'http-sse': 'blocked' },
    stack: 'express',
    fix: ['no-cors', /In Express:/],
    start: supergateway('/sse'),
  },
  {
    name: 'supergateway --cors on HTTP+SSE',
    findings: WIDE_OPEN,
    attacked: {},
    outcomes: SSE,
    stack: 'express',
    start: supergateway('/sse', '--cors'),
  },
  {
    name: 'mcp-proxy as it comes',
    findings: { ...WIDE_OPEN, 'delete-not-allowed': 'warning' },
    attacked: NOT_BOUND,
    outcomes: { 'official-2-legacy': 'blocked', 'official-2-auto': 'reachable' },
    stack: 'mcp-proxy',
    fix: [
      'delete-not-allowed',
      /In mcp-proxy, [\s\S]*methods: \['DELETE'|In mcp-proxy, [\s\S]*methods: \[.*'DELETE'/,
    ],
    start: () => asServer(startMcpProxy()),
  },
  {
    name: 'mcp-proxy --stateless with a header of its own',
    findings: { ...WIDE_OPEN, 'vary-missing': 'warning' },
    attacked: {},
    outcomes: { 'official-2-legacy': 'reachable', 'official-2-auto': 'reachable' },
    stack: 'mcp-proxy',
    start: () => asServer(startMcpProxy('--stateless', '--corsAddAllowedHeader', 'X-Api-Key')),
  },
  {
    name: 'mcp-proxy on HTTP+SSE',
    findings: WIDE_OPEN,
    outcomes: SSE,
    stack: 'mcp-proxy',
    start: () => asServer(startMcpProxy('--server', 'sse'), '/sse'),
  },
];
