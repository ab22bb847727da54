import { checkCors } from '../../browser/corsCheck.js';
import { corsHeaders } from '../../browser/exposure.js';
import { fieldOf } from '../page.js';
import type { Probe } from '../survey.js';
import type { Observation, Suspicion } from '../suspicion.js';
import { isAllowedSomewhere, visitsOf } from './blocked.js';

/** Looks at answers as a page would read them, whatever the preflight says. */
export function* suspectAnswers(observation: Observation): Iterable<Suspicion> {
  const { survey, target } = observation;
  yield* suspectFailure(observation);
  yield* suspectRedirect(observation);
  if (survey.first !== undefined) {
    yield* suspectInitialize(observation, survey.first);
  }
  yield* suspectRefusal(observation);
  yield* suspectWildcard(observation);
  yield* suspectErrors(observation);
  const { lostSession } = survey;
  const status = lostSession?.response.status ?? 404;
  if (lostSession !== undefined && status >= 400 && ![401, 403, 404, 429].includes(status)) {
    yield { id: 'lost-session-not-404', witness: lostSession, detail: `answered ${status}` };
  }
  if (target.status === 421 || /Invalid Host/.test(bodyOfTarget(observation))) {
    yield { id: 'host-not-accepted', witness: target.exchange, detail: new URL(target.url).host };
  }
}

function bodyOfTarget({ target }: Observation): string {
  return target.traces[0]?.body ?? '';
}

function* suspectFailure({ target, survey }: Observation): Iterable<Suspicion> {
  const seen = survey.first ?? target.exchange;
  if (seen.response.status >= 500) {
    yield { id: 'server-error', witness: seen, detail: `status ${seen.response.status}` };
  }
}

function* suspectRedirect({ target, survey }: Observation): Iterable<Suspicion> {
  const seen = survey.first ?? target.exchange;
  const { status } = seen.response;
  const location = fieldOf(seen.response, 'location');
  if (status < 300 || status >= 400 || location === undefined) return;
  const from = new URL(target.url);
  const to = URL.canParse(location, target.url) ? new URL(location, target.url) : undefined;
  const slash = to !== undefined && to.host === from.host && bare(to.pathname) === bare(from.pathname);
  const onlySlash = slash && to.pathname !== from.pathname;
  yield {
    id: onlySlash ? 'trailing-slash-redirect' : 'endpoint-redirected',
    witness: seen,
    detail: `${from.pathname} -> ${onlySlash ? to.pathname : location.split('?', 1)[0]}`,
  };
}

function bare(path: string): string {
  return path.replace(/\/+$/, '');
}

/** What the answer to initialize lets the page read. */
function* suspectInitialize(observation: Observation, probe: Probe): Iterable<Suspicion> {
  const { origin } = observation;
  const { status, headers } = probe.response;
  const sessionId = fieldOf(probe.response, 'mcp-session-id');
  if (status === 401) return; // told of by signIn.ts
  const fault = checkCors(headers, origin, 'same-origin');
  if (fault?.error === 'MultipleAllowOriginValues') {
    yield { id: 'allow-origin-doubled', witness: probe, detail: fault.parameter };
  }
  // A page that can read nothing is told of elsewhere.
  if (fault !== undefined) return;
  const readable = corsHeaders(headers, 'same-origin');
  if (
    origin !== new URL(observation.target.url).origin &&
    sessionId !== undefined &&
    !readable.has('mcp-session-id')
  ) {
    const preflighted = visitsOf(observation)
      .flatMap(({ exchanges }) => exchanges)
      .find(
        ({ request, response }) =>
          request.kind === 'preflight' &&
          /mcp-session-id|\*/i.test(fieldOf(response, 'access-control-expose-headers') ?? ''),
      );
    const only =
      preflighted !== undefined && fieldOf(probe.response, 'access-control-expose-headers') === undefined;
    yield only
      ? { id: 'expose-headers-on-preflight-only', witness: preflighted }
      : { id: 'session-id-not-exposed', witness: probe };
  }
}

/** An answer that the page may read, and that says no to the page alone. */
function* suspectRefusal({ survey: { first }, target, origin }: Observation): Iterable<Suspicion> {
  if (first === undefined || target.status >= 300 || first.response.status !== 403) return;
  if (checkCors(first.response.headers, origin, 'same-origin') !== undefined) return;
  yield { id: 'origin-refused', witness: first, detail: origin };
}

function* suspectWildcard({ survey }: Observation): Iterable<Suspicion> {
  const answers = [survey.first, ...(survey.everyHeader?.exchanges ?? [])];
  const both = answers.find(
    (answer) =>
      fieldOf(answer?.response, 'access-control-allow-origin') === '*' &&
      fieldOf(answer?.response, 'access-control-allow-credentials') === 'true',
  );
  if (both !== undefined) yield { id: 'wildcard-with-credentials', witness: both };
}

/** Errors without the headers that other answers carry. */
function* suspectErrors(observation: Observation): Iterable<Suspicion> {
  const { survey, origin, target } = observation;
  if (origin === new URL(target.url).origin || !isAllowedSomewhere(observation)) return;
  const first = survey.first?.response;
  // Where good answers lack the headers too, errors are no case of their own.
  if (first !== undefined && first.status < 300 && checkCors(first.headers, origin, 'same-origin')) return;
  const probes = [survey.first, survey.lostSession, ...survey.errors].filter((one) => one !== undefined);
  const actual = visitsOf(observation)
    .flatMap(({ exchanges }) => exchanges)
    .filter(({ request, response }) => request.kind === 'actual' && response !== undefined);
  const bare = [...probes, ...actual].flatMap(({ request, response }) =>
    response !== undefined &&
    response.status >= 400 &&
    checkCors(response.headers, origin, 'same-origin')?.error === 'MissingAllowOriginHeader'
      ? [{ request, response }]
      : [],
  );
  const refusals = bare.filter(({ response: { status } }) => status === 401 || status === 403);
  const others = bare.filter(({ response: { status } }) => status !== 401 && status !== 403);
  for (const [id, found] of [
    ['unauthorized-without-cors', refusals],
    ['errors-without-cors', others],
  ] as const) {
    const [witness] = found;
    if (witness === undefined) continue;
    const statuses = [...new Set(found.map(({ response }) => response.status))].sort();
    yield {
      id,
      witness,
      detail: `status ${statuses.join(', ')}`,
      console: `Access to fetch at '${target.url}' from origin '${origin}' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.`,
    };
  }
}
