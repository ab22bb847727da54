import { parse as parseDomain } from 'tldts';

/**
 * Whether a domain is a public suffix, those of hosting services included.
 * @see https://publicsuffix.org/list/
 */
export function isPublicSuffix(domain: string): boolean {
  const { publicSuffix, isIcann, isPrivate } = parseDomain(domain, {
    allowPrivateDomains: true,
    validateHostname: false,
  });
  return publicSuffix === domain && (isIcann === true || isPrivate === true);
}
