import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import type { AuditSettings } from '../config/audit.js';
import type { Account, Rejection } from '../observation.js';
import { auditLine, createPseudonym } from './line.js';
import { createLineFile } from './lineFile.js';

/** A record of decisions: a line of JSON for each request. */
export interface Audit {
  record(account: Account): void;
  /** Records what was no HTTP request, and so met no policy. */
  recordRejection(rejection: Rejection): void;
  /** Opens the file anew, after it was moved. */
  reopen(): void;
  /** Writes what is left. */
  close(): Promise<void>;
  /** Lines that could not be written. */
  readonly lost: number;
}

/** Opens an audit. What is wrong with its file later is told, and keeps nobody from being served. */
export function createAudit({ file, which, hashKey }: AuditSettings, tell: (message: string) => void): Audit {
  const lines = createLineFile(file, tell);
  const pseudonym = createPseudonym(hashKey ?? randomBytes(32).toString('hex'));
  const log = pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line) => lines.write(inAscii(line)) },
  );
  const refusedOnly = which === 'denied';

  return {
    record(account) {
      const { outcome, wouldDeny, limiterError } = account.event;
      const refused = outcome === 'deny' || wouldDeny !== undefined || isRefusal(account.answer);
      if (refused || limiterError !== undefined) log.warn(auditLine(account, pseudonym));
      else if (!refusedOnly) log.info(auditLine(account, pseudonym));
    },
    recordRejection({ code, status, address }) {
      log.warn({ outcome: 'deny', reason: 'request-unreadable', subject: code, address, status });
    },
    reopen: lines.reopen,
    close: lines.close,
    get lost() {
      return lines.lost;
    },
  };
}

/** Whether the gateway itself refused a request that the policy let in. */
function isRefusal(answer: Account['answer']): boolean {
  return answer !== undefined && !answer.startsWith('upstream-');
}

/**
 * A line of JSON with everything beyond printable ASCII escaped: what a client wrote can neither end the line for any
 * reader (U+0085, U+2028) nor command a terminal (U+009B).
 */
function inAscii(line: string): string {
  return BEYOND_ASCII.test(line)
    ? line.replace(/[\x7f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : line;
}

const BEYOND_ASCII = /[\x7f-\uffff]/;
