import { isIP, isIPv6 } from 'node:net';

/** What a local certificate is for. */
export interface LocalNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

const LOCAL_DNS = ['localhost'];
const LOCAL_IP = ['127.0.0.1', '::1'];

/** The names of this machine, and the hosts of a policy: names, `*.` patterns and addresses, ports left out. */
export function localNames(hosts: readonly string[]): LocalNames {
  const dns = new Set(LOCAL_DNS);
  const ip = new Set(LOCAL_IP);
  for (const host of hosts) {
    const name = host.toLowerCase().replace(/:(?:[0-9]+|\*)$/, '');
    const address = name.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0) ip.add(address);
    else if (name !== '' && !name.includes(':')) dns.add(name);
  }
  return { dns: [...dns], ip: [...ip] };
}

/**
 * The extension by which an authority binds itself to these names and nothing else (RFC 5280 section 4.2.1.10): whoever
 * steals its key still cannot pass as another site.
 */
export function nameConstraints({ dns, ip }: LocalNames): Buffer {
  const names = dns.map((name) => tlv(DNS_NAME, Buffer.from(name.replace(/^\*\./, ''))));
  const addresses = ip.map((address) => tlv(IP_ADDRESS, Buffer.concat([bytesOf(address), maskOf(address)])));
  const subtrees = [...names, ...addresses].map((base) => tlv(SEQUENCE, base));
  return tlv(SEQUENCE, tlv(PERMITTED_SUBTREES, ...subtrees));
}

const SEQUENCE = 0x30;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const PERMITTED_SUBTREES = 0xa0;

function maskOf(address: string): Buffer {
  return Buffer.alloc(isIPv6(address) ? 16 : 4, 0xff);
}

function bytesOf(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  // The URL parser writes any IPv6 address in hexadecimal groups.
  const [front = '', back] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = groupsOf(front);
  const after = groupsOf(back ?? '');
  const gap = Array<number>(8 - before.length - after.length).fill(0);
  return Buffer.from([...before, ...gap, ...after].flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** A tag, a length, and contents of less than 64 kB (ITU-T X.690 section 8.1). */
function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const prefix =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...prefix), content]);
}
