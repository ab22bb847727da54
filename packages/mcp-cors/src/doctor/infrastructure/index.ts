import type { HeaderField } from '../../policy/index.js';
import { type AttackContext, createContext } from '../attacks/context.js';
import { createProber, type Send } from '../attacks/prober.js';
import { printable, showExchange, type Witness } from '../evidence.js';
import { FINDINGS } from '../findings.js';
import { createFixes, type Fixes } from '../fixes.js';
import { createPatient } from '../patient.js';
import type { Target } from '../reach.js';
import type { Finding, Severity } from '../report.js';
import { recogniseStacks } from '../stacks.js';
import { gatherAnswers, isDoubled, isForPeople, keepAliveSeconds, unreadable } from './answers.js';
import { compareForCaches } from './caches.js';
import { examineDelay } from './delay.js';
import { INFRASTRUCTURE_FINDINGS, type InfrastructureId } from './faults.js';
import { watchIdle } from './idle.js';
import { examineStreams, type Patience, type StreamPlace } from './streams.js';

/** Most requests, beside the ends of sessions that were opened. */
export const INFRASTRUCTURE_REQUESTS = 40;

/** Idle connections that are kept shorter than this come before the time-out of usual load balancers. */
const KEEP_ALIVE_SECONDS = 60;

/** What is examined, and for which pages. */
export interface InfrastructureOptions {
  /** What `reach` found at the URL. */
  readonly target: Target;
  readonly origins: readonly string[];
  readonly headers?: readonly HeaderField[];
  /** `send` of a transport. */
  readonly send: Send;
  /** What mends the server; by default what is recognised in its first answer. */
  readonly fixes?: Fixes;
  readonly patience?: Partial<Patience>;
  /** Milliseconds for which a silent stream is listened to; not at all by default. */
  readonly idleMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly sent: number; readonly of: number }) => void;
}

const PATIENCE: Patience = { headMs: 1_500, firstEventMs: 1_500, watchMs: 300 };

/** Findings of the journeys that answers to other requests show as well. */
type Shared = 'allow-origin-doubled' | 'errors-without-cors' | 'unauthorized-without-cors';

/**
 * Examines what stands between a page and the server: headers that are doubled or missing on some answers, what answers
 * preflights, caches, and whether streams arrive as they are sent. Nothing that is sent has an effect.
 */
export async function examineInfrastructure(
  options: InfrastructureOptions,
): Promise<{ readonly findings: readonly Finding[]; readonly requests: number }> {
  const {
    target,
    origins,
    headers = [],
    fixes = createFixes(createPatient(recogniseStacks(target.traces), origins, target)),
    signal,
    onProgress,
  } = options;
  let streamed = 0;
  const send: Send = (request, withinMs) => {
    streamed += 1;
    return options.send(request, withinMs);
  };
  const prober = createProber({
    send: options.send,
    maxRequests: INFRASTRUCTURE_REQUESTS,
    requestMs: 2_000,
    totalMs: 10_000,
    signal,
    onProgress,
  });
  const context = createContext({ target, origins, headers, fixes, prober });
  const findings: Finding[] = [];
  const report = (
    id: InfrastructureId | Shared,
    witness: Witness | string,
    { severity, detail, origin }: { severity?: Severity; detail?: string | undefined; origin?: string } = {},
  ): void => {
    const text = { ...FINDINGS, ...INFRASTRUCTURE_FINDINGS }[id];
    findings.push({
      id,
      severity: severity ?? text.severity,
      title: detail === undefined ? text.title : `${text.title}: ${detail}`,
      evidence: typeof witness === 'string' ? witness : showExchange(witness),
      why: text.why,
      fix: fixes.fixFor(text),
      ...(origin !== undefined && { origin }),
    });
  };
  if (target.streamable) {
    for (const origin of origins) await examineAnswers(context, origin, report);
  }
  await compareForCaches(context);
  const place: StreamPlace = { target, origin: context.origin, own: headers, send };
  const { idleMs = 0 } = options;
  const faults = signal?.aborted
    ? []
    : [
        await examineStreams(place, { ...PATIENCE, ...options.patience }),
        await examineDelay(place),
        idleMs > 0 ? await watchIdle(place, idleMs) : undefined,
      ];
  for (const { id, severity, detail, witness } of faults.filter((fault) => fault !== undefined)) {
    report(id, witness, { severity, detail });
  }
  return { findings: [...findings, ...context.findings()], requests: prober.requests + streamed };
}

type Report = (
  id: InfrastructureId | Shared,
  witness: Witness | string,
  how?: { severity?: Severity; detail?: string | undefined; origin?: string },
) => void;

async function examineAnswers(context: AttackContext, origin: string, report: Report): Promise<void> {
  const answers = await gatherAnswers(context, origin);
  const { preflight, refused, right } = answers;
  const all = [preflight, right, ...refused.map(([, answer]) => answer)].filter(
    (answer) => answer !== undefined,
  );
  const doubled = all.find(isDoubled);
  if (doubled !== undefined) report('allow-origin-doubled', doubled.witness, { origin });
  if (preflight !== undefined && isForPeople(preflight)) {
    const title = /<title>([^<]{1,80})/i.exec(preflight.text)?.[1];
    const detail = title === undefined ? undefined : printable(title.trim(), 80);
    report('preflight-answered-elsewhere', preflight.witness, { detail, origin });
  }
  const bare = unreadable(answers, origin);
  const [first] = bare;
  if (first !== undefined) {
    const statuses = [...new Set(bare.map(([, { status }]) => status))].sort((a, b) => a - b);
    const asked = bare.every(([, { status }]) => status === 401);
    report(asked ? 'unauthorized-without-cors' : 'errors-without-cors', first[1].witness, {
      detail: `status ${statuses.join(', ')}`,
      origin,
    });
  }
  const seconds = right && keepAliveSeconds(right);
  if (
    right !== undefined &&
    seconds !== undefined &&
    seconds < KEEP_ALIVE_SECONDS &&
    origin === context.origin
  ) {
    report('keep-alive-short', right.witness, { detail: `${seconds} seconds` });
  }
}
