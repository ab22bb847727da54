import type { Blocked, BlockedError, Exchange } from '../../browser/index.js';
import type { FindingId } from '../findings.js';
import { fieldOf, type Visit } from '../page.js';
import type { Observation, Suspicion } from '../suspicion.js';

/** What a blocked fetch says by its code alone. */
const BY_CODE: Partial<Record<BlockedError, FindingId>> = {
  MultipleAllowOriginValues: 'allow-origin-doubled',
  PreflightMultipleAllowOriginValues: 'allow-origin-doubled',
  InvalidAllowOriginValue: 'allow-origin-invalid',
  PreflightInvalidAllowOriginValue: 'allow-origin-invalid',
  AllowOriginMismatch: 'allow-origin-mismatch',
  PreflightAllowOriginMismatch: 'allow-origin-mismatch',
  PreflightDisallowedRedirect: 'preflight-redirected',
  InvalidAllowMethodsPreflightResponse: 'allow-lists-malformed',
  InvalidAllowHeadersPreflightResponse: 'allow-lists-malformed',
  MixedContent: 'mixed-content',
  InsecureLocalNetwork: 'insecure-page-local-network',
  UnsafePort: 'unsafe-port',
};

/** Request headers that have a finding of their own. */
const BY_HEADER: Readonly<Record<string, FindingId>> = {
  'content-type': 'content-type-not-allowed',
  'mcp-protocol-version': 'protocol-version-not-allowed',
  'mcp-session-id': 'session-header-not-allowed',
  'mcp-method': 'modern-headers-not-allowed',
  'mcp-name': 'modern-headers-not-allowed',
  authorization: 'authorization-not-allowed',
  'last-event-id': 'last-event-id-not-allowed',
};

/** Every fetch of the endpoint that a page made, and its preflights. */
export function visitsOf({ walked, survey, target }: Observation): readonly Visit[] {
  const offered = walked.filter(({ journey: { client, outcome } }) => {
    if (client === 'sign-in') return false; // its other steps go to other places: see signIn.ts
    return outcome !== 'not-offered' && (client === 'http-sse' ? target.sse : target.streamable);
  });
  const surveyed = [survey.everyHeader, survey.ending].filter((visit) => visit !== undefined);
  return [...offered.flatMap(({ steps }) => steps.map(({ visit }) => visit)), ...surveyed];
}

/** Whether any answer lets the page's origin in. */
export function isAllowedSomewhere(observation: Observation): boolean {
  const allows = (response: Parameters<typeof fieldOf>[0]): boolean => {
    const value = fieldOf(response, 'access-control-allow-origin');
    return value === '*' || value === observation.origin;
  };
  const { survey } = observation;
  const probes = [survey.first, survey.lostSession, ...survey.errors];
  return (
    probes.some((probe) => allows(probe?.response)) ||
    visitsOf(observation).some(({ exchanges }) => exchanges.some(({ response }) => allows(response)))
  );
}

/** Puts down every fetch that was blocked to its cause. */
export function* suspectBlocked(observation: Observation): Iterable<Suspicion> {
  for (const visit of visitsOf(observation)) {
    const { blocked, failure, exchanges } = visit;
    if (blocked === undefined || failure !== undefined) continue;
    const last = exchanges.at(-1);
    yield* suspect(observation, blocked, last);
  }
}

function* suspect(
  observation: Observation,
  blocked: Blocked,
  last: Exchange | undefined,
): Iterable<Suspicion> {
  const { error, message, parameter, refusedHeaders = [] } = blocked;
  const witness = last ?? message;
  if (error === 'HeaderDisallowedByPreflightResponse') {
    yield* suspectHeaders(
      observation,
      refusedHeaders.length > 0 ? refusedHeaders : [parameter],
      blocked,
      witness,
    );
    return;
  }
  if (error === 'MethodDisallowedByPreflightResponse') {
    const { opensSessions, tokenAsked } = observation.target;
    const ending = parameter === 'DELETE';
    if (ending && !opensSessions && !tokenAsked) return;
    yield {
      id: ending ? 'delete-not-allowed' : 'method-not-allowed',
      witness,
      console: message,
      ...(!ending && { detail: parameter }),
    };
    return;
  }
  if (error === 'PreflightInvalidStatus' && last !== undefined) {
    const { method, names } = refusedBy(last);
    yield* suspectHeaders(observation, names, blocked, witness);
    if (method !== undefined) {
      yield {
        id: method === 'DELETE' ? 'delete-not-allowed' : 'method-not-allowed',
        witness,
        console: message,
      };
    }
    if (method !== undefined || names.length > 0) return;
  }
  const id = BY_CODE[error] ?? (last && missing(observation, last));
  if (id !== undefined) yield { id, witness, console: message, detail: parameter || undefined };
}

/** What a preflight asked for that its answer does not list: some servers refuse it with a status of 400, and say what they allow. */
function refusedBy({ request, response }: Exchange): {
  readonly method: string | undefined;
  readonly names: readonly string[];
} {
  const listed = (name: string): ReadonlySet<string> | undefined => {
    const value = fieldOf(response, name);
    return value === undefined ? undefined : new Set(value.split(',').map((one) => one.trim().toLowerCase()));
  };
  const asked = (name: string): readonly string[] =>
    (fieldOf(request, name) ?? '').split(',').filter((one) => one !== '');
  const headers = listed('access-control-allow-headers');
  const methods = listed('access-control-allow-methods');
  const [method] = asked('access-control-request-method');
  const lacks = (list: ReadonlySet<string> | undefined, name: string): boolean =>
    list !== undefined && !list.has('*') && !list.has(name.toLowerCase());
  return {
    method: method !== undefined && method !== 'POST' && lacks(methods, method) ? method : undefined,
    names: asked('access-control-request-headers').filter((name) => lacks(headers, name)),
  };
}

/** A refused header counts when the client has something to send in it. */
function* suspectHeaders(
  { target, ownHeaders }: Observation,
  refused: readonly string[],
  blocked: Blocked,
  witness: Suspicion['witness'],
): Iterable<Suspicion> {
  for (const name of refused) {
    const id = BY_HEADER[name] ?? 'request-header-not-allowed';
    if (id === 'session-header-not-allowed' && !target.opensSessions) continue;
    if (id === 'authorization-not-allowed' && !target.tokenAsked && !ownHeaders.has(name)) continue;
    yield {
      id,
      witness,
      // The other findings name their header themselves.
      ...(id === 'request-header-not-allowed' && { detail: name }),
      console: blocked.message.replace(`field ${blocked.parameter} is`, `field ${name} is`),
      // Where nobody speaks the revision, nothing is lost but a request.
      ...(id === 'modern-headers-not-allowed' && !target.modern && { severity: 'info' as const }),
    };
  }
}

/** Why there is no Access-Control-Allow-Origin, by what else is known. */
function missing(observation: Observation, { request, response }: Exchange): FindingId | undefined {
  const status = response?.status ?? 0;
  if (request.kind === 'preflight') {
    if (status === 401) return 'preflight-401';
    if (status >= 500 && status !== 501) return 'preflight-5xx';
    if (status === 403) return unknownOrigin(observation) ? 'origin-not-allowed' : 'preflight-403';
    const known = isAllowedSomewhere(observation);
    if (known && (status === 404 || status === 405 || status === 501)) {
      return status === 404 ? 'preflight-404' : 'preflight-405';
    }
    if (status >= 300 && status < 400) return 'preflight-redirected';
    if (known) return status >= 400 ? 'preflight-4xx' : 'preflight-without-cors';
    return unknownOrigin(observation) ? 'origin-not-allowed' : 'no-cors';
  }
  // What errors lack is told once, by errors.ts.
  if (status >= 300) return undefined;
  if (isAllowedSomewhere(observation)) return 'response-without-cors';
  return unknownOrigin(observation) ? 'origin-not-allowed' : 'no-cors';
}

/** Whether the server allows other origins and not this one. */
function unknownOrigin({ othersAllowed, survey, ...rest }: Observation): boolean {
  if (othersAllowed) return true;
  const answers = [
    survey.first?.response,
    ...visitsOf({ othersAllowed, survey, ...rest }).flatMap(({ exchanges }) =>
      exchanges.map(({ response }) => response),
    ),
  ];
  return answers.some(
    (response) =>
      /\borigin\b/i.test(fieldOf(response, 'vary') ?? '') ||
      fieldOf(response, 'access-control-allow-methods') !== undefined,
  );
}
