import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { clientKey } from './clientKey.js';

describe('whose budget an address counts for', () => {
  test.each<[string | undefined, string]>([
    [undefined, '-'],
    ['203.0.113.7', '203.0.113.7'],
    ['127.0.0.1', '127.0.0.1'],
    // IPv4-mapped, as a socket that listens on :: has it, and in every other spelling
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['0000:0000:0000:0000:0000:ffff:cb00:7107', '203.0.113.7'],
    // IPv6 networks of 64 bits
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8::1', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0000::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1:2:3:4', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
    ['2001:db8::1:2:3:192.0.2.1', '2001:db8:0:1::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    // a zone says where the neighbour is, not who
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['fe80::2%1', 'fe80:0:0:0::/64'],
    ['fe80::1%a\nb', 'fe80:0:0:0::/64'],
    // not an address: as it is
    ['unix', 'unix'],
    ['', ''],
  ])('%j: %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });

  it('is bounded, and no work for long texts', () => {
    expect(clientKey('a'.repeat(1_000_000)).length).toBeLessThanOrEqual(64);
    expect(clientKey(':'.repeat(1_000_000)).length).toBeLessThanOrEqual(64);
  });

  it('does not depend on how an IPv6 address is written, nor on its last 64 bits', () => {
    const group = fc.nat(0xffff);
    fc.assert(
      fc.property(
        fc.tuple(group, group, group, group),
        fc.tuple(group, group, group, group),
        fc.boolean(),
        (network, rest, padded) => {
          const all = [...network, ...rest].map((value) => value.toString(16));
          const text = (padded ? all.map((value) => value.padStart(4, '0')) : all).join(':');
          fc.pre(!(network.every((value) => value === 0) && rest[0] === 0 && rest[1] === 0xffff));
          const key = `${all.slice(0, 4).join(':')}::/64`;
          expect(clientKey(text)).toBe(key);
          // As URLs write it: the longest run of zeros left out (RFC 5952)
          expect(clientKey(new URL(`http://[${text}]`).hostname.slice(1, -1))).toBe(key);
        },
      ),
    );
  });
});
