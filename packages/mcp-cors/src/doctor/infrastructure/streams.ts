import type { HeaderField } from '../../policy/index.js';
import { ACCEPT, INITIALIZE } from '../attacks/deed.js';
import type { Send } from '../attacks/prober.js';
import type { Witness } from '../evidence.js';
import { LEGACY_VERSION } from '../journeys/streamable.js';
import { fieldOf } from '../page.js';
import type { Target } from '../reach.js';
import type { Severity } from '../report.js';
import type { InfrastructureId } from './faults.js';
import { heapsOf, type Watched, watchStream } from './streamWatch.js';

/** How long streams are waited for. */
export interface Patience {
  /** Milliseconds for the head of a stream, which a server sends at once. */
  readonly headMs: number;
  /** Milliseconds for the event that an HTTP+SSE server sends first. */
  readonly firstEventMs: number;
  /** Milliseconds for which a stream is listened to that need not say anything. */
  readonly watchMs: number;
}

/** How many times as long as two messages the head of a stream may take. */
const SLOWER = 3;

/** What is wrong with a stream. */
export interface StreamFault {
  readonly id: Extract<InfrastructureId, `stream-${string}`>;
  readonly severity: Severity;
  readonly detail: string;
  readonly witness: Witness;
}

/** A stream as it came without compression, and as it came to a client that offers it. */
export interface StreamPair {
  readonly plain: Watched;
  readonly compressible: Watched;
  /** Whether the server must say something first, as one of HTTP+SSE must. */
  readonly mustSpeak: boolean;
}

/** Judges what was really sent: a stream that stays silent proves nothing. */
export function judgeStream({ plain, compressible, mustSpeak }: StreamPair): StreamFault | undefined {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  if (plain.headMs === undefined && compressible.headMs === undefined) {
    return {
      id: 'stream-buffered',
      severity: 'error',
      detail: 'the head does not come before the first event',
      witness: plain.witness,
    };
  }
  if (plain.isStream && mustSpeak && plain.arrivals.length === 0) {
    return {
      id: 'stream-buffered',
      severity: 'error',
      detail: 'the event endpoint does not come',
      witness: plain.witness,
    };
  }
  const [heap] = plain.isStream ? heapsOf(plain.arrivals) : [];
  if (heap !== undefined) {
    const detail = `${heap.events} events at once after ${seconds(heap.atMs)}`;
    // A server may really have sent them so.
    return { id: 'stream-buffered', severity: 'warning', detail, witness: plain.witness };
  }
  const { encoding } = compressible;
  if (!compressible.isStream && compressible.headMs !== undefined) return undefined;
  const spoke = plain.arrivals.length > 0;
  const heldBack = spoke && (compressible.headMs === undefined || compressible.arrivals.length === 0);
  if (heldBack) {
    return {
      id: 'stream-compressed',
      severity: 'warning',
      detail: encoding ?? 'its head does not come',
      witness: compressible.witness,
    };
  }
  if (encoding !== undefined && encoding !== 'identity') {
    return {
      id: 'stream-compressed',
      severity: 'info',
      detail: `${encoding}, flushed in time`,
      witness: compressible.witness,
    };
  }
  return undefined;
}

/**
 * Opens the server's own stream twice, for a client that offers no compression and for one that offers gzip as every
 * browser does. Each in a session of its own, since a server may allow one stream for each.
 */
export async function examineStreams(
  place: StreamPlace,
  { headMs, firstEventMs, watchMs }: Patience,
): Promise<StreamFault | undefined> {
  const mustSpeak = mustSpeakFirst(place);
  const listen = (accepted: string): Promise<Watched | undefined> =>
    openStream(place, accepted, {
      headMs,
      watchMs: mustSpeak ? firstEventMs : watchMs,
      until: (arrivals) => mustSpeak && arrivals.length > 0,
    });
  const [plain, compressible] = await Promise.all([listen('identity'), listen('gzip')]);
  if (plain === undefined || compressible === undefined) return undefined;
  return judgeStream({ plain, compressible, mustSpeak });
}

/** Where a stream is opened, and for which page. */
export interface StreamPlace {
  readonly target: Target;
  readonly origin: string;
  readonly own: readonly HeaderField[];
  readonly send: Send;
}

/** Whether the stream is one of HTTP+SSE, which begins with an event. */
export function mustSpeakFirst({ target }: Pick<StreamPlace, 'target'>): boolean {
  return !target.streamable && target.sse;
}

/**
 * Opens the server's own stream, in a session of its own that is ended afterwards, and watches it; undefined where a
 * server offers none to somebody without a token.
 * @param accepted What is offered in Accept-Encoding.
 */
export async function openStream(
  { target, origin, own, send }: StreamPlace,
  accepted: string,
  patience: Parameters<typeof watchStream>[2],
): Promise<Watched | undefined> {
  if (target.tokenAsked) return undefined;
  const page: readonly HeaderField[] = [...own, ['origin', origin]];
  const began = performance.now();
  const inSession = target.streamable && target.opensSessions;
  if (!inSession && !mustSpeakFirst({ target })) return undefined;
  const session = inSession ? await openSession(target.url, page, send) : [];
  if (session === undefined) return undefined;
  // A server that is slow to answer anything holds nothing back.
  const usualMs = performance.now() - began;
  const headers: readonly HeaderField[] = [
    ...page,
    ...session,
    ['accept', 'text/event-stream'],
    ['accept-encoding', accepted],
  ];
  const watched = await watchStream(
    send,
    { method: 'GET', url: target.url, headers },
    { ...patience, headMs: Math.max(patience.headMs, usualMs * SLOWER) },
  );
  if (session.length > 0)
    await settle(send({ method: 'DELETE', url: target.url, headers: [...page, ...session] }));
  return watched;
}

/** The headers of a session that was opened for the page. */
async function openSession(
  url: string,
  page: readonly HeaderField[],
  send: Send,
): Promise<readonly HeaderField[] | undefined> {
  const json: readonly HeaderField[] = [['content-type', 'application/json'], ACCEPT];
  try {
    const response = await send({ method: 'POST', url, headers: [...page, ...json], body: INITIALIZE });
    const id = fieldOf(response, 'mcp-session-id');
    response.body.close();
    if (id === undefined) return undefined;
    const session: readonly HeaderField[] = [
      ['mcp-session-id', id],
      ['mcp-protocol-version', LEGACY_VERSION],
    ];
    const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
    await settle(send({ method: 'POST', url, headers: [...page, ...session, ...json], body }));
    return session;
  } catch {
    return undefined;
  }
}

async function settle(sending: ReturnType<Send>): Promise<void> {
  await sending.then(({ body }) => body.close()).catch(() => {});
}
