import { createHmac } from 'node:crypto';
import type { DecisionEvent } from 'mcp-cors/express';
import { destination, pino } from 'pino';

/** Writes one line of JSON for each decision. */
export interface Audit {
  record(event: DecisionEvent): void;
  /** To be called when the last request was answered. */
  close(): void;
}

/** What a client wrote is cut to this many characters. */
const MAX_TEXT_LENGTH = 200;

/**
 * Opens an audit. Session ids appear as the first 16 digits of an HMAC, so that the lines of a session can be found and the
 * session cannot be used; there are no credentials, bodies or query strings.
 */
export function createAudit(file: string | undefined, key: string): Audit {
  // Synchronous: a line that was written is there, however the process ends.
  const stream = destination({ dest: file ?? 1, sync: true, mkdir: true });
  const log = pino({ base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, stream);

  const pseudonym = (id: string | undefined): string | undefined =>
    id === undefined
      ? undefined
      : createHmac('sha256', key).update(`audit\0${id}`).digest('hex').slice(0, 16);

  return {
    record(event) {
      const { wouldDeny, limiterError } = event;
      const line = {
        outcome: event.outcome,
        reason: event.reason,
        wouldDeny,
        status: event.status,
        method: cut(event.method),
        path: cut(event.path),
        origin: cut(event.origin),
        host: cut(event.host),
        rule: event.rule,
        subject: cut(event.subject),
        address: event.address,
        requestId: event.requestId,
        session: pseudonym(event.head.sessionId),
        durationMs: Math.round(event.durationMs * 1_000) / 1_000,
        limiterError: limiterError?.message,
      };
      if (event.outcome === 'deny' || wouldDeny !== undefined || limiterError !== undefined) log.warn(line);
      else log.info(line);
    },
    close: () => stream.end(),
  };
}

function cut(text: string | undefined): string | undefined {
  return text?.slice(0, MAX_TEXT_LENGTH);
}
