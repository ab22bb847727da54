/** A serialised tuple origin taken apart. The port is empty when the origin has its scheme's default port. */
export interface OriginParts {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
}

/** Longest scheme that a pattern or an origin may have. */
export const MAX_SCHEME_LENGTH = 64;
/** Longest host: RFC 1035 allows 253 characters; a bracketed IPv6 address is shorter. */
export const MAX_HOST_LENGTH = 253;
/** Longest serialised origin that is looked at; anything longer is refused unread. */
export const MAX_ORIGIN_LENGTH = MAX_SCHEME_LENGTH + '://'.length + MAX_HOST_LENGTH + ':65535'.length;

/** The schemes whose default port a serialised origin leaves out (URL standard, special schemes). */
export const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
]);

/**
 * Parses an origin as browsers serialise it: lower case, no path, no default port, ASCII.
 * Anything else gives undefined, so that a lenient reading can never admit what a browser would not send.
 * Cost: one pass, at most {@link MAX_ORIGIN_LENGTH} characters whatever the input's length.
 * @see https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin
 */
export function parseOrigin(text: string): OriginParts | undefined {
  if (text.length > MAX_ORIGIN_LENGTH) return undefined;
  const colon = text.indexOf(':');
  if (colon < 1 || colon > MAX_SCHEME_LENGTH) return undefined;
  if (text.charCodeAt(colon + 1) !== SLASH || text.charCodeAt(colon + 2) !== SLASH) return undefined;
  const scheme = text.slice(0, colon);
  if (!isScheme(scheme)) return undefined;

  const rest = text.slice(colon + 3);
  const hostEnd = endOfHost(rest);
  if (hostEnd < 1) return undefined;
  const host = rest.slice(0, hostEnd);
  if (!isHost(host, scheme)) return undefined;
  if (hostEnd === rest.length) return { scheme, host, port: '' };

  if (rest.charCodeAt(hostEnd) !== COLON) return undefined;
  const port = rest.slice(hostEnd + 1);
  if (!isPort(port) || DEFAULT_PORTS.get(scheme) === port) return undefined;
  return { scheme, host, port };
}

/** Where the host of `host[:port]` ends: behind the bracket of an IPv6 address, or before the first colon. -1 if unbalanced. */
export function endOfHost(hostAndPort: string): number {
  if (hostAndPort.charCodeAt(0) === OPEN_BRACKET) return hostAndPort.indexOf(']') + 1 || -1;
  const colon = hostAndPort.indexOf(':');
  return colon === -1 ? hostAndPort.length : colon;
}

/** Whether a scheme is one in lower case (RFC 3986 section 3.1). */
export function isScheme(text: string): boolean {
  return /^[a-z][a-z0-9+.-]{0,63}$/.test(text);
}

/** Whether a host is a lower-case domain, a canonical IPv4 address or a canonical bracketed IPv6 address. */
export function isHost(host: string, scheme: string): boolean {
  if (host.length > MAX_HOST_LENGTH) return false;
  if (host.charCodeAt(0) === OPEN_BRACKET) return isCanonicalIpv6(host);
  if (!isDomain(host)) return false;
  // URL standard, host parsing: only hosts of special schemes that end in a number are IPv4 addresses.
  return !DEFAULT_PORTS.has(scheme) || !endsInNumber(host) || isCanonicalIpv4(host);
}

/** Whether every label has 1 to 63 letters, digits, hyphens or underscores. A trailing dot makes an empty label. */
export function isDomain(host: string): boolean {
  let label = 0;
  for (let i = 0; i <= host.length; i++) {
    const code = host.charCodeAt(i); // NaN at the end
    if (code === DOT || i === host.length) {
      if (label < 1 || label > 63) return false;
      label = 0;
    } else if (isHostCharacter(code)) {
      label++;
    } else {
      return false;
    }
  }
  return true;
}

function isHostCharacter(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || // a-z
    (code >= 0x30 && code <= 0x39) || // 0-9
    code === 0x2d || // -
    code === 0x5f // _
  );
}

/** Whether a host would be read as an IPv4 address (URL standard, "ends in a number checker"). */
export function endsInNumber(host: string): boolean {
  const last = host.slice(host.lastIndexOf('.') + 1);
  return /^(?:[0-9]+|0x[0-9a-f]*)$/.test(last);
}

/** Whether a host is four decimal numbers from 0 to 255 without leading zeros. */
export function isCanonicalIpv4(host: string): boolean {
  const numbers = host.split('.');
  return numbers.length === 4 && numbers.every((n) => /^(?:0|[1-9][0-9]{0,2})$/.test(n) && Number(n) <= 255);
}

/** Whether a bracketed host is an IPv6 address as the URL standard serialises it. */
export function isCanonicalIpv6(host: string): boolean {
  return host.endsWith(']') && serialiseIpv6(host.slice(1, -1)) === host.slice(1, -1);
}

/**
 * The canonical form of an IPv6 address without brackets, or undefined when it is none.
 * @see https://url.spec.whatwg.org/#concept-ipv6-serializer
 */
export function serialiseIpv6(address: string): string | undefined {
  if (address.length > 45 || !/^[0-9a-fA-F:.]+$/.test(address)) return undefined;
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const head = parsePieces(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? parsePieces(halves[1] as string, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return compressIpv6([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The 16-bit pieces of one side of `::`. An embedded IPv4 address may stand only at the very end. */
function parsePieces(side: string, atEnd: boolean): number[] | undefined {
  if (side === '') return [];
  const pieces: number[] = [];
  const parts = side.split(':');
  for (const [i, part] of parts.entries()) {
    if (atEnd && i === parts.length - 1 && part.includes('.')) {
      if (!isCanonicalIpv4(part)) return undefined;
      const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number];
      pieces.push(a * 256 + b, c * 256 + d);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      pieces.push(Number.parseInt(part, 16));
    }
  }
  return pieces;
}

function compressIpv6(pieces: readonly number[]): string {
  // The first longest run of at least two zero pieces becomes "::".
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && pieces[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const hex = pieces.map((piece) => piece.toString(16));
  if (start === -1) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** Whether a port is a number from 1 to 65535 without leading zeros. */
export function isPort(port: string): boolean {
  return /^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65535;
}

const COLON = 0x3a;
const SLASH = 0x2f;
const DOT = 0x2e;
const OPEN_BRACKET = 0x5b;
