import { BlockList, isIP, isIPv6 } from 'node:net';
import { type NodeRequest, schemeOf } from './request.js';

/**
 * Which proxies in front are believed: how many there are, or their addresses and networks (`10.0.0.0/8`, `::1`,
 * `loopback`).
 */
export type TrustProxy = number | readonly string[];

/** Where a request came from. */
export interface Provenance {
  /** The client's address; undefined where there is none, as on a Unix socket. */
  readonly address: string | undefined;
  readonly scheme: 'http' | 'https';
  /** Whether the other end of the connection is a trusted proxy. */
  readonly trusted: boolean;
}

/** Names of networks. */
const NETWORKS: ReadonlyMap<string, readonly string[]> = new Map([['loopback', ['127.0.0.0/8', '::1/128']]]);

/** More addresses than any chain of proxies has are not looked at. */
const MAX_HOPS = 32;

/**
 * Makes a reader of the client's address and scheme. Without trusted proxies, `X-Forwarded-For` and `X-Forwarded-Proto`
 * are not looked at: anyone can send them.
 *
 * @throws {TypeError} when an address or a number of hops is not valid.
 */
export function createProvenance(trust: TrustProxy | undefined): (request: NodeRequest) => Provenance {
  const isTrusted = trust === undefined ? undefined : createTrust(trust);
  return (request) => {
    const peer = request.socket.remoteAddress;
    if (isTrusted === undefined || !isTrusted(peer, 0))
      return { address: peer, scheme: schemeOf(request.socket), trusted: false };
    const chain = listOf(request.headers['x-forwarded-for']).toReversed();
    const schemes = listOf(request.headers['x-forwarded-proto']).toReversed();
    let hop = 0;
    while (hop < chain.length && isTrusted(bare(chain[hop] as string), hop + 1)) hop++;
    // Each proxy adds the address that it saw; the last trusted one saw the client.
    const address = chain.length === 0 ? peer : bare(chain[Math.min(hop, chain.length - 1)] as string);
    // Many proxies replace the scheme instead of adding one.
    const scheme = schemes[Math.min(hop, schemes.length - 1)]?.toLowerCase();
    return {
      address: isIP(address ?? '') === 0 ? peer : address,
      scheme: scheme === 'https' || scheme === 'http' ? scheme : schemeOf(request.socket),
      trusted: true,
    };
  };
}

/** Whether the proxy at an address, so many hops away, is believed. */
type Trust = (address: string | undefined, hop: number) => boolean;

function createTrust(trust: TrustProxy): Trust {
  if (typeof trust === 'number') {
    if (!Number.isInteger(trust) || trust < 0 || trust > MAX_HOPS) {
      throw new TypeError(
        `trustProxy: ${trust} is no number of proxies. Use 0 to ${MAX_HOPS}, or addresses.`,
      );
    }
    return (_, hop) => hop < trust;
  }
  if (!Array.isArray(trust)) {
    throw new TypeError(
      "trustProxy: a number of proxies or a list of addresses is expected, such as ['10.0.0.0/8'].",
    );
  }
  const trusted = new BlockList();
  for (const entry of (trust as readonly string[]).flatMap((entry) => NETWORKS.get(entry) ?? [entry])) {
    const [, network = '', prefix] = /^([0-9a-f.:]+)(?:\/([0-9]{1,3}))?$/i.exec(String(entry)) ?? [];
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? undefined : Number(prefix);
    const most = family === 'ipv6' ? 128 : 32;
    if (isIP(network) === 0 || (bits ?? 0) > most) {
      throw new TypeError(`trustProxy: '${entry}' is no address. Write 10.1.2.3, 10.0.0.0/8 or ::1.`);
    }
    if (bits === undefined) trusted.addAddress(network, family);
    else trusted.addSubnet(network, bits, family);
  }
  return (address, hop) => {
    if (hop > MAX_HOPS) return false;
    if (address === undefined) return hop === 0; // a Unix socket: its permissions say who may connect
    const plain = address.replace(/^::ffff:(?=[0-9.]+$)/i, '').replace(/%.*$/s, '');
    if (isIP(plain) === 0) return false;
    return trusted.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value.join(',') : value)
    .split(',')
    .map((part) => part.trim())
    .slice(-MAX_HOPS);
}

/** An address without a port and brackets. */
function bare(address: string): string {
  return /^\[([^\]]*)\]/.exec(address)?.[1] ?? address.replace(/^([0-9.]+):[0-9]+$/, '$1');
}
