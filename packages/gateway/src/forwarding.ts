import type { IncomingMessage } from 'node:http';
import type { Provenance } from 'mcp-cors/node';

/** The name under which a client asked for the gateway: `:authority` in HTTP/2, `Host` in HTTP/1.1. */
export function authorityOf({ headers }: IncomingMessage): string | undefined {
  return (headers[':authority'] as string | undefined) ?? headers.host;
}

/**
 * Adds what tells the upstream of the way that a request has come. What a trusted proxy said of the way before it is
 * kept; what anybody else said is not: anyone can send it. `Forwarded` (RFC 7239) says the same as the other three.
 */
export function addForwarding(
  headers: string[],
  request: IncomingMessage,
  { scheme, trusted }: Provenance,
): void {
  const peer = plainAddress(request.socket.remoteAddress);
  const way = (trusted && textOf(request.headers['x-forwarded-for'])) || undefined;
  const said = trusted ? lastOf(textOf(request.headers['x-forwarded-host'])) : undefined;
  const host = said ?? authorityOf(request);
  const addresses = peer === undefined ? way : way === undefined ? peer : `${way}, ${peer}`;
  if (addresses !== undefined) headers.push('X-Forwarded-For', addresses);
  if (host !== undefined) headers.push('X-Forwarded-Host', host);
  headers.push('X-Forwarded-Proto', scheme, 'Forwarded', forwardedElements(way, peer, host, scheme));
}

function forwardedElements(
  way: string | undefined,
  peer: string | undefined,
  host: string | undefined,
  scheme: string,
): string {
  const before = way === undefined ? '' : `${way.split(',').map(nodeOf).join(', ')}, `;
  const by = host === undefined ? '' : `;host=${quoted(host)}`;
  const own = peer === undefined ? 'for=unknown' : peer.includes(':') ? `for="[${peer}]"` : `for=${peer}`;
  return `${before}${own}${by};proto=${scheme}`;
}

/** `for=` and the address of a node, as it was said (RFC 7239 section 6): IPv6 in brackets, and so in quotes. */
function nodeOf(address: string): string {
  const plain = address.trim();
  if (plain === '') return 'for=unknown';
  if (/^[0-9A-Za-z._-]+$/.test(plain)) return `for=${plain}`;
  return /^[0-9A-Fa-f:.]+$/.test(plain) ? `for="[${plain}]"` : `for=${quoted(plain)}`;
}

/** An IPv4 address as it is written where there is no IPv6 (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

/** A quoted string (RFC 9110 section 5.6.4). */
function quoted(text: string): string {
  return text.includes('"') || text.includes('\\') ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The last member of a list: what the nearest proxy said. */
function lastOf(list: string | undefined): string | undefined {
  return list?.slice(list.lastIndexOf(',') + 1).trim() || undefined;
}
