import { parseRecord } from '../messages.js';
import { bodyOf, fieldOf } from '../page.js';
import type { HeaderTemplate, JourneyPlan, Memory, Reaction, Seen, StepPlan } from '../walk.js';
import { sessionIdOf } from '../walk.js';
import { notSent } from './reactions.js';
import { LEGACY_VERSION, streamableSteps } from './streamable.js';

const JSON_ACCEPTED: readonly HeaderTemplate[] = [['accept', 'application/json']];

/** Where a protected resource may describe itself, in the order of official clients: with its path, then at the root (RFC 9728 section 3.1). */
export function resourceMetadataUrls(target: string): readonly string[] {
  const { pathname, search, origin } = new URL(target);
  const path = pathname.replace(/\/$/, '');
  const root = `${origin}/.well-known/oauth-protected-resource`;
  return path === '' ? [root] : [`${root}${path}${search}`, root];
}

/** Where an authorization server may describe itself, in the order of official clients (RFC 8414 section 3, OpenID Connect Discovery section 4). */
export function serverMetadataUrls(issuer: string): readonly string[] {
  const { pathname, origin } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  if (path === '') {
    return [`${origin}/.well-known/oauth-authorization-server`, `${origin}/.well-known/openid-configuration`];
  }
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

/** The URL of the metadata in a `WWW-Authenticate` value (RFC 9728 section 5.1). */
export function hintedMetadataUrl(challenge: string | undefined): string | undefined {
  const url = challenge && /resource_metadata=(?:"([^"]+)"|([^\s,]+))/.exec(challenge);
  const found = url ? (url[1] ?? url[2]) : undefined;
  return found !== undefined && isHttpUrl(found) ? found : undefined;
}

/** A URL that a server names: anything else than http(s) is not fetched. */
function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

const METADATA_HEADER: HeaderTemplate = ['mcp-protocol-version', LEGACY_VERSION];

type AfterMetadata = (metadata: Readonly<Record<string, unknown>> | undefined) => readonly StepPlan[];

/**
 * Fetches of metadata until one gives a document. As official clients do, each is repeated without headers when it is
 * blocked: that request needs no preflight.
 */
function metadataSteps(
  name: string,
  urls: readonly string[],
  headers: readonly HeaderTemplate[],
  then: AfterMetadata,
): readonly StepPlan[] {
  const [url, ...others] = urls;
  if (url === undefined) return then(undefined);
  const goOn = (): readonly StepPlan[] => metadataSteps(name, others, headers, then);
  const step = (plain: boolean): StepPlan => ({
    name: plain ? `${name}, without headers` : name,
    method: 'GET',
    url: url.replaceAll(/[{}]/g, encodeURIComponent),
    headers: plain ? [] : [METADATA_HEADER, ...headers],
    react: async (seen) => {
      const { blocked, failure, response, timeoutMs, answer } = seen;
      const found = answer?.status === 200;
      const more = others.length > 0;
      if (failure !== undefined) return { ok: more, note: failure.message, instead: goOn() };
      if (blocked !== undefined) {
        if (!plain)
          return { ok: true, note: 'the client tries again without headers', instead: [step(true)] };
        // What the page cannot read may not be there at all: then the client looks on, and so it may.
        return { ok: !found, ...(found && { outcome: 'blocked' as const }), instead: goOn() };
      }
      const document = response?.ok
        ? parseRecord((await bodyOf(response)?.text(timeoutMs)) ?? '')
        : undefined;
      if (document !== undefined) return { ok: true, instead: then(document) };
      bodyOf(response)?.close();
      return {
        ok: true,
        note: response?.ok
          ? 'the answer is no JSON object: the client looks on'
          : `${response?.status}: the client looks on`,
        instead: goOn(),
      };
    },
  });
  return [step(false)];
}

function afterResource(memory: Memory): AfterMetadata {
  return (resource) => {
    const listed = resource?.authorization_servers;
    const first: unknown = Array.isArray(listed) ? listed[0] : undefined;
    const issuer =
      typeof first === 'string' && isHttpUrl(first) ? first : `${new URL(memory.target).origin}/`;
    return metadataSteps(
      'authorization server metadata',
      serverMetadataUrls(issuer),
      JSON_ACCEPTED,
      (metadata) => endpointSteps(issuer, metadata),
    );
  };
}

/** Registration and token request, of which the preflights alone are sent. */
function endpointSteps(
  issuer: string,
  metadata: Readonly<Record<string, unknown>> | undefined,
): readonly StepPlan[] {
  const at = (key: string, fallback: string): string | undefined => {
    const named = metadata?.[key];
    if (typeof named === 'string') return isHttpUrl(named) ? named : undefined;
    // Without metadata, clients of 2025-03-26 and later fall back to these paths.
    return metadata === undefined ? new URL(fallback, issuer).href : undefined;
  };
  const register = at('registration_endpoint', '/register');
  const token = at('token_endpoint', '/token');
  const effect = (name: string, url: string, headers: readonly HeaderTemplate[]): StepPlan => ({
    name,
    method: 'POST',
    url: url.replaceAll(/[{}]/g, encodeURIComponent),
    headers,
    effect: true,
    react: notSent,
  });
  return [
    ...(register === undefined ? [] : [effect('register', register, [['content-type', 'application/json']])]),
    ...(token === undefined
      ? []
      : [
          effect('token', token, [
            ['content-type', 'application/x-www-form-urlencoded'],
            ['accept', 'application/json'],
            // A client that was given a secret at registration sends it here (client_secret_basic).
            ['authorization', 'Basic none'],
          ]),
        ]),
  ];
}

function asked(seen: Seen): Reaction {
  const { blocked, failure, response, answer, memory } = seen;
  const realId = sessionIdOf(seen);
  if (realId !== undefined) memory.unreadableSessionId = realId;
  bodyOf(answer)?.close();
  if (failure !== undefined) return { ok: false, stop: true, outcome: 'blocked', note: failure.message };
  if (blocked !== undefined) {
    const reached = answer !== undefined;
    const wanted = reached ? answer.status === 401 : memory.tokenAsked !== false;
    if (!wanted) return { ok: false, stop: true, outcome: 'not-offered', note: NOT_ASKED };
    return {
      ok: false,
      stop: true,
      outcome: 'blocked',
      note: reached
        ? 'the page cannot see that it is to sign in'
        : 'the request that would be asked for a token is not made',
    };
  }
  if (response?.status !== 401) {
    const stopped = response?.type === 'opaqueredirect';
    return { ok: !stopped, stop: true, outcome: 'not-offered', note: stopped ? 'redirected' : NOT_ASKED };
  }
  const readable = response.headers.get('www-authenticate');
  const hint = hintedMetadataUrl(readable);
  const steps = metadataSteps(
    'protected resource metadata',
    hint === undefined ? resourceMetadataUrls(memory.target) : [hint],
    [],
    afterResource(memory),
  );
  const sent = fieldOf(answer, 'www-authenticate');
  if (readable !== undefined || sent === undefined) return { ok: true, instead: steps };
  return { ok: false, note: 'the page cannot read WWW-Authenticate, and has to guess', instead: steps };
}

const NOT_ASKED = 'the server asks for no token here';

const [INITIALIZE] = streamableSteps();

/** Sign-in: from a 401 to the token request. Nobody is signed in. */
export const SIGN_IN: JourneyPlan = {
  client: 'sign-in',
  about: 'sign-in by the official clients',
  anonymous: true,
  steps: INITIALIZE === undefined ? [] : [{ ...INITIALIZE, name: 'ask without a token', react: asked }],
};
