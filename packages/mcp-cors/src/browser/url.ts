/** What is used of a URL record of the URL standard. */
export interface UrlRecord {
  readonly href: string;
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly origin: string;
  hash: string;
}

// Every runtime has it; declared here because this room compiles without the types of Node and of the DOM.
declare const URL: new (url: string, base?: string) => UrlRecord;

/** Parses a URL against a base. @see https://url.spec.whatwg.org/#concept-url-parser */
export function parseUrl(text: string, base?: string): UrlRecord | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** A URL as it goes over the wire and into a cache key: without its fragment. */
export function withoutFragment(url: UrlRecord): string {
  const { href } = url;
  const hash = href.indexOf('#');
  return hash === -1 ? href : href.slice(0, hash);
}

/** @see https://fetch.spec.whatwg.org/#http-scheme */
export function isHttp({ protocol }: UrlRecord): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** Whether a URL holds a user name or a password. @see https://url.spec.whatwg.org/#include-credentials */
export function hasUserinfo({ username, password }: UrlRecord): boolean {
  return username !== '' || password !== '';
}

/** Ports that no fetch reaches. @see https://fetch.spec.whatwg.org/#port-blocking */
export const BAD_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** Whether a URL names a port that no fetch reaches. */
export function hasBadPort(url: UrlRecord): boolean {
  return url.port !== '' && BAD_PORTS.has(Number(url.port));
}
