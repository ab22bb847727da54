import { getDomain } from 'tldts';
import { isLoopbackHost } from './addressSpace.js';
import { parseUrl, type UrlRecord } from './url.js';

export type FetchSite = 'same-origin' | 'same-site' | 'cross-site';

/**
 * The value of `Sec-Fetch-Site` for a request that went through these URLs.
 * @see https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header
 */
export function fetchSite(origin: string, urls: readonly UrlRecord[]): FetchSite {
  const page = parseUrl(origin);
  let site: FetchSite = 'same-origin';
  for (const url of urls) {
    if (url.origin === origin) continue;
    if (page === undefined || !isSameSite(page, url)) return 'cross-site';
    site = 'same-site';
  }
  return site;
}

/** @see https://html.spec.whatwg.org/multipage/browsers.html#same-site */
function isSameSite(a: UrlRecord, b: UrlRecord): boolean {
  return a.protocol === b.protocol && siteOf(a.hostname) === siteOf(b.hostname);
}

function siteOf(host: string): string {
  return getDomain(host, { allowPrivateDomains: true, validateHostname: false }) ?? host;
}

/** Whether browsers tell a server where a request comes from. @see https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy */
export function isTrustworthy({ protocol, hostname }: UrlRecord): boolean {
  return protocol === 'https:' || isLoopbackHost(hostname);
}
