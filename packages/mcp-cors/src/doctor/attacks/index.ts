import type { HeaderField } from '../../policy/index.js';
import { createFixes, type Fixes } from '../fixes.js';
import { createPatient } from '../patient.js';
import type { Target } from '../reach.js';
import type { Finding } from '../report.js';
import { recogniseStacks } from '../stacks.js';
import { type AttackContext, createContext } from './context.js';
import { act } from './deed.js';
import { attackHost } from './hostAttack.js';
import { attackOrigin } from './originAttack.js';
import { attackPreflight } from './preflightAttack.js';
import { createProber, type Prober, type Send, type SendRaw } from './prober.js';
import { attackSessions } from './sessionAttack.js';
import { attackSplitting } from './splittingAttack.js';
import { attackWrites } from './writeAttack.js';

/** Most requests for the first allowed origin, and for each further one. */
export const REQUESTS_FOR_ONE_ORIGIN = 200;
export const REQUESTS_FOR_EACH_FURTHER = 130;

/** What is attacked, and as whom. */
export interface AttackOptions {
  /** What `reach` found at the URL. */
  readonly target: Target;
  /** Serialised origins that the server is meant to allow, at least one. */
  readonly origins: readonly string[];
  /** Headers of the allowed page, such as a token. Hostile pages send the cookies among them and nothing else. */
  readonly headers?: readonly HeaderField[];
  /** `send` of a transport. What HTTP clients refuse to send goes over connections of our own. */
  readonly send: Send;
  /** What mends the server; by default what is recognised in its first answer. */
  readonly fixes?: Fixes;
  /** {@link REQUESTS_FOR_ONE_ORIGIN} and {@link REQUESTS_FOR_EACH_FURTHER} by default. */
  readonly maxRequests?: number;
  /** Milliseconds for all of it; 15,000 by default. */
  readonly totalMs?: number;
  /** Milliseconds for one answer; 2,000 by default. */
  readonly requestMs?: number;
  readonly signal?: AbortSignal;
  /** Sends what HTTP clients refuse to; over a connection of its own by default. */
  readonly sendRaw?: SendRaw;
  /** Hears of each kind of attack before it begins. */
  readonly onStage?: (stage: string) => void;
  /** Hears of each request before it is sent. */
  readonly onProgress?: (progress: { readonly sent: number; readonly of: number }) => void;
}

/** What the attacks found. */
export interface AttackResult {
  readonly findings: readonly Finding[];
  /** How many requests were sent. */
  readonly requests: number;
  /** Why the attacks ended before their end: the bound, the time, an abort, or a server that answers 429. */
  readonly stopped: Prober['stopped'];
}

/** The kinds of attacks, in the order in which they are made: what the first ones find makes the others graver. */
const STAGES: readonly (readonly [
  stage: string,
  attack: (context: AttackContext, open: boolean) => Promise<void>,
])[] = [
  ['foreign hosts', attackHost],
  ['writes without a preflight', attackWrites],
  [
    'foreign origins',
    async (context) => {
      for (const origin of context.origins) await attackOrigin(context, origin);
    },
  ],
  ['sessions of others', attackSessions],
  ['response splitting', attackSplitting],
  ['hostile preflights', attackPreflight],
];

/**
 * Attacks a server as a hostile page would: `initialize`, `ping`, `tools/list`, preflights, and DELETE of sessions of its
 * own; never a call of a tool. One request at a time, but for origins and line ends, of which four are tried at once. Never rejects
 * for what the server does: what gets no answer is no hole.
 */
export async function runAttacks(options: AttackOptions): Promise<AttackResult> {
  const {
    target,
    origins,
    headers = [],
    send,
    fixes = createFixes(createPatient(recogniseStacks(target.traces), origins, target)),
    signal,
    onProgress,
  } = options;
  const bound = REQUESTS_FOR_ONE_ORIGIN + REQUESTS_FOR_EACH_FURTHER * Math.max(0, origins.length - 1);
  const prober = createProber({
    send,
    maxRequests: options.maxRequests ?? bound,
    requestMs: options.requestMs ?? 2_000,
    totalMs: options.totalMs ?? 15_000,
    signal,
    onProgress,
    sendRaw: options.sendRaw,
  });
  const context = createContext({ target, origins, headers, fixes, prober });
  const { onStage = () => {} } = options;
  onStage('what anybody gets');
  // Whether anybody who names the right host gets an answer: where a token is asked for, no deed tells anything.
  const open = (await act(context, context.ambient))?.acted ?? false;
  for (const [stage, attack] of STAGES) {
    onStage(stage);
    await attack(context, open);
  }
  return { findings: context.findings(), requests: prober.requests, stopped: prober.stopped };
}
