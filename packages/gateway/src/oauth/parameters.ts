import { isSameRoute, type Place } from '../address.js';
import { findRoute, upstreamTarget } from '../routing.js';
import { publicAddress } from './metadata.js';

/** Longest query or form that is looked into, in characters. */
const MAX_LENGTH = 65_536;

/**
 * The query of an authorization request, or the form of a token request, with the resource under the name by which the
 * upstream knows itself: clients send the one that they read in the metadata (RFC 8707 section 2).
 */
export function rewriteResourceParameter(text: string, place: Place): string {
  return changeParameter(text, 'resource', (resource) => upstreamAddress(resource, place));
}

/** The target of a request with the resource rewritten, if it is one for authorization (RFC 6749 section 4.1.1). */
export function rewriteAuthorizationTarget(target: string, place: Place): string {
  const query = target.indexOf('?');
  if (query === -1 || !/[?&]response_type=/.test(target)) return target;
  return `${target.slice(0, query + 1)}${rewriteResourceParameter(target.slice(query + 1), place)}`;
}

/**
 * The address to which an authorization response is sent, with the issuer in its public form: clients compare it with the
 * one in the metadata (RFC 9207 section 2.4).
 */
export function rewriteIssuerParameter(location: string, place: Place): string {
  const query = location.indexOf('?');
  if (query === -1) return location;
  const changed = changeParameter(location.slice(query + 1), 'iss', (issuer) => publicAddress(issuer, place));
  return `${location.slice(0, query + 1)}${changed}`;
}

/** Changes the values of a parameter, and leaves every other character alone. */
function changeParameter(text: string, name: string, change: (value: string) => string | undefined): string {
  if (text.length > MAX_LENGTH || !text.includes(`${name}=`)) return text;
  const [, before = '', fragment = ''] = /^([^#]*)(.*)$/s.exec(text) ?? [];
  const parts = before.split('&').map((part) => {
    if (!part.startsWith(`${name}=`)) return part;
    const changed = change(new URLSearchParams(part).get(name) ?? '');
    return changed === undefined ? part : `${name}=${encodeURIComponent(changed)}`;
  });
  return `${parts.join('&')}${fragment}`;
}

/** The upstream's own form of a public address; undefined when it is not on this route. */
function upstreamAddress(address: string, { route, routes, host, publicOrigin }: Place): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.origin !== publicOrigin || url.username !== '' || url.password !== '') return undefined;
  const found = findRoute(routes, url.pathname);
  if (found === undefined || found.oauth !== 'rewrite') return undefined;
  const toUpstream = isSameRoute(found, route) ? route : found;
  if (toUpstream.upstream.origin !== route.upstream.origin) return undefined;
  const origin = route.upstreamNames[0] ?? `${route.upstream.protocol}//${host}`;
  return `${origin}${upstreamTarget(url.pathname, toUpstream)}${url.search}`;
}
