import type { AttackContext } from './context.js';
import { askFirst } from './deed.js';
import type { Answer } from './prober.js';

/** A preflight that no browser sends. */
export interface PreflightProbe {
  readonly name: string;
  readonly method?: string;
  readonly names?: string;
  /** Whether its cost is measured. */
  readonly measured?: boolean;
}

const numbered = (count: number): string => Array.from({ length: count }, (_, i) => `x-${i}`).join(',');

/** Hostile preflights: long, wide, repetitive, empty, malformed. */
export const PREFLIGHT_PROBES: readonly PreflightProbe[] = Object.freeze([
  { name: 'one name of 100,000 characters', names: 'x'.repeat(100_000), measured: true },
  { name: '10,000 names', names: numbered(10_000), measured: true },
  // Node's parser refuses heads beyond 16 KiB: these fit.
  { name: '2,000 names in 14 kB', names: numbered(2_000), measured: true },
  { name: 'one name of 14,000 characters', names: 'x'.repeat(14_000), measured: true },
  { name: '14,000 commas', names: ','.repeat(14_000), measured: true },
  { name: '14,000 spaces between two names', names: `x-a,${' '.repeat(14_000)}x-b`, measured: true },
  { name: 'the same name 900 times', names: Array(900).fill('content-type').join(','), measured: true },
  { name: 'commas alone', names: ',,,,' },
  { name: 'names out of order', names: 'mcp-session-id,content-type,accept' },
  { name: 'names that no page may send', names: 'cookie,host,proxy-authorization' },
  { name: 'no names', names: '' },
  { name: 'the method post in lower case', method: 'post' },
  { name: 'the method CONNECT', method: 'CONNECT' },
  { name: 'an empty method', method: '' },
]);

/** A plain preflight is timed this often, a hostile one less. */
const PLAIN_RUNS = 5;
const HOSTILE_RUNS = 3;

/** How much longer than a plain one a preflight must take, every time, to be called expensive. */
export const COST = Object.freeze({ times: 10, milliseconds: 100 });

/** Whether the quickest of the hostile preflights took far longer than the slowest plain one: noise alone makes no finding. */
export function isExpensive(plainMs: readonly number[], hostileMs: readonly number[]): boolean {
  if (plainMs.length === 0 || hostileMs.length === 0) return false;
  const plain = Math.max(...plainMs);
  const hostile = Math.min(...hostileMs);
  return hostile > plain * COST.times && hostile - plain > COST.milliseconds;
}

/** A preflight, how long it took, and its answer; without one when the server closed the connection or took too long. */
interface Timed {
  readonly ms: number;
  readonly answer: Answer | undefined;
}

/** Sends preflights that no browser sends, and looks at what they cost and what they break. */
export async function attackPreflight(context: AttackContext): Promise<void> {
  const time = async (probe: Partial<PreflightProbe>): Promise<Timed> => {
    const began = performance.now();
    const answer = await askFirst(context, [['origin', context.origin]], probe);
    return { ms: performance.now() - began, answer };
  };
  const plain: Timed[] = [];
  for (let i = 0; i < PLAIN_RUNS; i++) plain.push(await time({}));
  if (plain.some(({ answer }) => answer === undefined || answer.status >= 500)) return;
  const plainMs = plain.map(({ ms }) => ms);
  for (const probe of PREFLIGHT_PROBES) {
    const first = await time(probe);
    if (first.answer !== undefined && first.answer.status >= 500) {
      context.report({ id: 'preflight-fault', tried: probe.name, witness: first.answer.witness });
    }
    if (!probe.measured || !isExpensive(plainMs, [first.ms])) continue;
    const hostileMs = [first.ms];
    while (hostileMs.length < HOSTILE_RUNS) hostileMs.push((await time(probe)).ms);
    if (context.prober.stopped !== undefined || !isExpensive(plainMs, hostileMs)) continue;
    const times = `${probe.name}: ${rounded(hostileMs)} ms; a plain preflight: ${rounded(plainMs)} ms`;
    context.report({
      id: 'preflight-cost',
      detail: probe.name,
      tried: times,
      witness: first.answer?.witness ?? 'No answer came in that time.',
    });
    return; // one is enough to mend, and more would cost the server more
  }
}

function rounded(times: readonly number[]): string {
  return times.map((ms) => ms.toFixed(0)).join(', ');
}
