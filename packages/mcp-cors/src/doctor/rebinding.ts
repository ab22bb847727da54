import { addressSpaceOf } from '../browser/addressSpace.js';
import type { HeaderField } from '../policy/index.js';
import { ATTACK_FINDINGS } from './attacks/faults.js';
import { hostSeverity } from './attacks/hostAttack.js';
import { showExchange } from './evidence.js';
import { fixFor } from './fixes.js';
import { readReply } from './messages.js';
import { fieldOf } from './page.js';
import { endNativeSession, initializeRequest, type Target } from './reach.js';
import type { Finding, Fingerprint, Severity } from './report.js';
import type { Transport, WireResponse } from './transport.js';

/** A host that no server is reached at (RFC 2606 section 2). */
const FOREIGN_HOST = 'mcp-cors-check.example';

/** What a page gets by that it could not get on its own, told apart by what is foreign in the request. */
const TRIALS = [
  {
    id: 'host-not-checked',
    headers: [
      ['host', FOREIGN_HOST],
      ['origin', `http://${FOREIGN_HOST}`],
    ],
  },
  { id: 'origin-not-checked', headers: [['origin', `https://${FOREIGN_HOST}`]] },
] as const satisfies readonly { id: keyof typeof ATTACK_FINDINGS; headers: readonly HeaderField[] }[];

/**
 * Whether a server on this machine or in a private network lets a foreign page in, by its own name (DNS rebinding) or by
 * its origin. Two requests that any client sends; `--attack` tries the rest. A server on a public address is reached by
 * everybody anyway.
 */
export async function tryRebinding(
  { url, streamable }: Target,
  transport: Transport,
  own: readonly HeaderField[],
  stacks: readonly Fingerprint[],
  origins: readonly string[],
): Promise<readonly Finding[]> {
  if (!streamable || addressSpaceOf(new URL(url).hostname) === 'public') return [];
  // What a foreign page's requests carry: cookies. A token is what it does not have.
  const ambient = own.filter(([name]) => name.toLowerCase() === 'cookie');
  const findings: Finding[] = [];
  for (const { id, headers } of TRIALS) {
    const base = initializeRequest(url, ambient);
    const request = { ...base, headers: [...headers, ...base.headers] };
    try {
      const response = await transport.send(request);
      const reply = await readReply(response.body, fieldOf(response, 'content-type'), 0, transport.timeoutMs);
      response.body.close();
      const session = fieldOf(response, 'mcp-session-id');
      if (session !== undefined) await endNativeSession(url, session, transport, [...ambient, ...headers]);
      if (reply?.result === undefined) continue;
      const text = ATTACK_FINDINGS[id];
      findings.push({
        id,
        severity: severityOf(id, url, response),
        title: text.title,
        evidence: showExchange({ request, response }),
        why: text.why,
        fix: fixFor(text, { stacks, origins, target: url }),
      });
    } catch {
      // No answer is no entrance.
    }
  }
  return findings;
}

/** The same as the attacks': over TLS no certificate fits a rebound page, and JSON needs a preflight that passes. */
function severityOf(id: (typeof TRIALS)[number]['id'], url: string, response: WireResponse): Severity {
  if (id === 'host-not-checked') {
    return hostSeverity({ id, byBrowser: true }, { isPrivate: true, secure: url.startsWith('https:') });
  }
  const allowed = fieldOf(response, 'access-control-allow-origin');
  return allowed === '*' || allowed === `https://${FOREIGN_HOST}` ? 'error' : 'warning';
}
