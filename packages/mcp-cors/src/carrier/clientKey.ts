/** Longest address that is looked at: IPv6 in full, with room for a zone. */
const MAX_ADDRESS_LENGTH = 64;

/**
 * Whose budget an address counts for: an IPv4 address, or an IPv6 network of 64 bits, of which one client has all. The
 * spelling of an address does not matter; what is no address stands for itself, cut to 64 characters.
 */
export function clientKey(address: string | undefined): string {
  if (address === undefined) return '-';
  const zone = address.indexOf('%');
  const plain = address.slice(0, zone === -1 ? MAX_ADDRESS_LENGTH : Math.min(zone, MAX_ADDRESS_LENGTH));
  if (!plain.includes(':')) return plain;
  const groups = expand(plain);
  const [, , , , , mapped, high = 0, low = 0] = groups;
  // ::ffff:0:0/96 holds the IPv4 addresses (RFC 4291 section 2.5.5.2)
  if (mapped === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2); where a text is none, what can be read of it. */
function expand(address: string): number[] {
  const [front = '', back] = address.split('::', 2);
  const before = groupsOf(front);
  const after = groupsOf(back ?? '');
  const gap = Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array<number>(gap).fill(0), ...after];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return (Number.parseInt(group, 16) || 0) & 0xffff;
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
