import { expect, it } from 'vitest';
import { reach } from './reach.js';
import type { Transport, WireRequest } from './transport.js';
import { TransportError } from './transportError.js';

/** A server of HTTP+SSE whose stream's head never comes, and that answers initialize after a time. */
function silentStream(
  headMs: number,
  timeoutMs = 10_000,
): Transport & { readonly waited: (number | undefined)[] } {
  const waited: (number | undefined)[] = [];
  const body = {
    soFar: '',
    ended: true,
    complete: true,
    text: () => Promise.resolve(''),
    nextEvent: () => Promise.resolve(undefined),
    close: () => {},
  };
  return {
    waited,
    timeoutMs,
    exchanges: [],
    protocolOf: () => Promise.resolve('http/1.1'),
    close: () => {},
    send: ({ method }: WireRequest, withinMs?: number) => {
      if (method === 'POST') return Promise.resolve({ status: 404, headers: [], body, headMs });
      waited.push(withinMs);
      return Promise.reject(new TransportError('time-out', 'nothing came'));
    },
  };
}

it.each([
  [5, 10_000, 3_000],
  [600, 10_000, 6_000],
  [2_000, 10_000, 10_000],
  [5, 1_000, 1_000],
])(
  'a head that need not come is waited for as long as a server that took %i ms may need, of %i ms: %i ms',
  async (headMs, timeoutMs, patienceMs) => {
    const transport = silentStream(headMs, timeoutMs);
    const target = await reach('http://127.0.0.1:1/sse', transport, []);
    expect(target).toMatchObject({ sse: true, headless: true, patienceMs });
    expect(transport.waited).toEqual([patienceMs]);
  },
);
