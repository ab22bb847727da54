import type { HeaderField } from '../policy/index.js';
import { redactHeader, redactUrl } from './evidence.js';
import { JOURNEYS } from './journeys/index.js';
import { SURVEY_REQUESTS } from './survey.js';

/** A request that would be sent. */
export interface PlannedRequest {
  /** On whose behalf: a client's journey, or the doctor's own closer look. */
  readonly by: string;
  readonly name: string;
  readonly method: string;
  readonly url: string;
  /** Values in braces are learnt on the way. */
  readonly headers: readonly HeaderField[];
  /** `whole`, `its preflight alone` for a request with an effect, or when it is sent at all. */
  readonly sent: string;
}

/** What an examination sends for each origin, in order, as far as it is known beforehand. Sends nothing. */
export function planRequests(target: string, own: readonly HeaderField[]): readonly PlannedRequest[] {
  const url = redactUrl(target);
  const shownOwn = own.map(([name, value]) => [name.toLowerCase(), redactHeader(name, value)] as const);
  const planned: PlannedRequest[] = [];
  for (const { client, steps, anonymous, alternatives = [] } of JOURNEYS) {
    for (const { when, steps: some } of [{ when: 'whole', steps }, ...alternatives]) {
      for (const step of some) {
        planned.push({
          by: client,
          name: step.name,
          method: step.method,
          url: (step.url ?? '{target}').replace('{target}', url),
          headers: [...(anonymous ? [] : shownOwn), ...step.headers],
          sent: step.effect ? 'its preflight alone' : when,
        });
      }
    }
    if (client === 'sign-in')
      planned.push(...SIGN_IN_REQUESTS.map((request) => ({ by: client, ...request })));
  }
  planned.push(
    ...SURVEY_REQUESTS.map((request) => ({ by: 'a closer look', url, headers: shownOwn, ...request })),
  );
  return planned;
}

/** What sign-in comes to when the server asks for a token: its URLs are the server's. */
const SIGN_IN_REQUESTS: readonly Omit<PlannedRequest, 'by'>[] = [
  {
    name: 'protected resource metadata',
    method: 'GET',
    url: '/.well-known/oauth-protected-resource…',
    headers: [['mcp-protocol-version', '{protocolVersion}']],
    sent: 'after a 401',
  },
  {
    name: 'authorization server metadata',
    method: 'GET',
    url: '{issuer}/.well-known/…',
    headers: [['mcp-protocol-version', '{protocolVersion}']],
    sent: 'after a 401',
  },
  {
    name: 'register',
    method: 'POST',
    url: '{registration_endpoint}',
    headers: [],
    sent: 'its preflight alone',
  },
  { name: 'token', method: 'POST', url: '{token_endpoint}', headers: [], sent: 'its preflight alone' },
];
