import { createContext } from './attacks/context.js';
import { tryRebinding } from './attacks/hostAttack.js';
import type { AttackOptions } from './attacks/index.js';
import { tryForeignPage } from './attacks/originAttack.js';
import { createProber } from './attacks/prober.js';
import { createFixes } from './fixes.js';
import { createPatient } from './patient.js';
import type { Finding } from './report.js';
import { recogniseStacks } from './stacks.js';

/** Two deeds, each with the end of a session that it may have opened. */
const REQUESTS = 4;

/**
 * Whether a server on this machine or in a private network lets a foreign page in, by its own name (DNS rebinding) or by
 * its origin. Two requests that any client sends; `--attack` tries the rest. A server on a public address is reached by
 * everybody anyway.
 */
export async function tryForeignPages(
  {
    target,
    origins,
    headers = [],
    fixes = createFixes(createPatient(recogniseStacks(target.traces), origins, target)),
    send,
  }: AttackOptions,
  timeoutMs: number,
): Promise<{ readonly findings: readonly Finding[]; readonly requests: number }> {
  const prober = createProber({
    send,
    maxRequests: REQUESTS,
    requestMs: timeoutMs,
    totalMs: REQUESTS * timeoutMs,
  });
  const context = createContext({ target, origins, headers, fixes, prober });
  if (context.isPrivate && !target.headless) {
    await tryRebinding(context);
    await tryForeignPage(context);
  }
  return { findings: context.findings(), requests: prober.requests };
}
