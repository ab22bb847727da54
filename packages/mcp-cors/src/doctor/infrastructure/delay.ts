import type { HeaderField } from '../../policy/index.js';
import { PING } from '../attacks/deed.js';
import { RPC_ID } from '../attacks/prober.js';
import { awaitReply } from '../messages.js';
import type { WireRequest } from '../transport.js';
import { mustSpeakFirst, type StreamFault, type StreamPlace } from './streams.js';

/** Pings that are timed. */
const PINGS = 4;

/** Milliseconds that a proxy holds every event back for, and that the quickest of them takes at most. */
const HELD = { least: 150, quickest: 260 } as const;

/** Longest wait for one answer. */
const WITHIN_MS = 1_500;

/**
 * Whether events are held back: none comes soon, and the quickest takes as long as systems wait for more to send, though
 * messages are taken at once.
 * @param takenMs How long the server took to take each message. @param arrivedMs How long after that its answer came.
 */
export function isHeldBack(takenMs: readonly number[], arrivedMs: readonly number[]): boolean {
  const quickest = Math.min(...arrivedMs);
  return quickest >= HELD.least && quickest <= HELD.quickest && Math.min(...takenMs) < HELD.least / 2;
}

/** Times pings over HTTP+SSE, whose answers come as events of a stream that stays open. */
export async function examineDelay(place: StreamPlace): Promise<StreamFault | undefined> {
  const { target, origin, own, send } = place;
  if (!mustSpeakFirst(place) || target.tokenAsked || target.headless) return undefined;
  const page: readonly HeaderField[] = [...own, ['origin', origin]];
  const request: WireRequest = {
    method: 'GET',
    url: target.url,
    headers: [...page, ['accept', 'text/event-stream']],
  };
  const stream = await send(request).catch(() => undefined);
  if (stream === undefined) return undefined;
  try {
    const first = await stream.body.nextEvent(WITHIN_MS);
    if (first?.event !== 'endpoint' || !URL.canParse(first.data, target.url)) return undefined;
    const url = new URL(first.data, target.url).href;
    if (new URL(url).origin !== new URL(target.url).origin) return undefined;
    const taken: number[] = [];
    const arrived: number[] = [];
    for (let i = 0; i < PINGS; i++) {
      const began = performance.now();
      const headers: readonly HeaderField[] = [...page, ['content-type', 'application/json']];
      const response = await send({ method: 'POST', url, headers, body: PING });
      response.body.close();
      const accepted = performance.now();
      if ((await awaitReply(stream.body, RPC_ID, WITHIN_MS)) === undefined) return undefined;
      taken.push(accepted - began);
      arrived.push(performance.now() - accepted);
      // One quick answer is proof enough that nothing is held back.
      if ((arrived.at(-1) ?? 0) < HELD.least) return undefined;
    }
    if (!isHeldBack(taken, arrived)) return undefined;
    const detail = `${arrived.map((ms) => Math.round(ms)).join(', ')} ms`;
    const { status, headers } = stream;
    return {
      id: 'stream-delayed',
      // A server that takes as long over a ping looks the same.
      severity: 'info',
      detail,
      witness: { request, response: { status, headers } },
    };
  } catch {
    return undefined;
  } finally {
    stream.body.close();
  }
}
