import { type Fields, getField } from './fields.js';
import { parseUrl } from './url.js';
import type { BlockedError, Fault } from './verdict.js';

export type CredentialsMode = 'omit' | 'same-origin' | 'include';

/** What the check can find, in the words for an actual response. */
export type CorsCheckError = Extract<
  BlockedError,
  | 'WildcardOriginNotAllowed'
  | 'MissingAllowOriginHeader'
  | 'MultipleAllowOriginValues'
  | 'InvalidAllowOriginValue'
  | 'AllowOriginMismatch'
  | 'InvalidAllowCredentials'
>;

/**
 * The CORS check: undefined when it passes.
 * @param origin The serialised request origin, `null` when it is tainted or opaque.
 * @see https://fetch.spec.whatwg.org/#cors-check
 */
export function checkCors(
  headers: Fields,
  origin: string,
  credentials: CredentialsMode,
): (Fault & { readonly error: CorsCheckError }) | undefined {
  const allowed = getField(headers, 'access-control-allow-origin');
  if (allowed === undefined) return { error: 'MissingAllowOriginHeader' };
  if (allowed === '*') {
    return credentials === 'include' ? { error: 'WildcardOriginNotAllowed' } : undefined;
  }
  if (allowed !== origin) return { error: whyDifferent(allowed), parameter: allowed };
  if (credentials !== 'include') return undefined;
  const allowCredentials = getField(headers, 'access-control-allow-credentials');
  return allowCredentials === 'true'
    ? undefined
    : { error: 'InvalidAllowCredentials', parameter: allowCredentials };
}

/** The standard knows one failure; Chromium tells three apart, by this rule. */
function whyDifferent(allowed: string): CorsCheckError {
  if (/[ ,]/.test(allowed)) return 'MultipleAllowOriginValues';
  // Bytes beyond ASCII are read as UTF-8, of which a lone one is a replacement character.
  const text = allowed.replaceAll(/[\x80-\xff]/g, '\ufffd');
  return allowed === 'null' || parseUrl(text) !== undefined
    ? 'AllowOriginMismatch'
    : 'InvalidAllowOriginValue';
}
