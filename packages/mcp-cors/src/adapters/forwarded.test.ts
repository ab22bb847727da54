import { describe, expect, it, test } from 'vitest';
import { exchange, request, serve, values } from '../../../../test/fixtures/wire.js';
import { createProvenance, type Provenance, type TrustProxy } from './forwarded.js';
import { mcpCors } from './node.js';
import type { NodeRequest } from './request.js';

interface Sent {
  readonly peer?: string | undefined;
  readonly for?: string | undefined;
  readonly proto?: string | undefined;
  readonly encrypted?: boolean;
}

/** What is made of a request from a peer with these headers, which Node has joined where there were several lines. */
function provenance(trust: TrustProxy | undefined, sent: Sent): Provenance {
  const headers = { 'x-forwarded-for': sent.for, 'x-forwarded-proto': sent.proto };
  const socket = { remoteAddress: sent.peer, encrypted: sent.encrypted };
  return createProvenance(trust)({ headers, socket } as unknown as NodeRequest);
}

describe('without trusted proxies', () => {
  test.each<[TrustProxy | undefined]>([[undefined], [0], [[]]])(
    '%j: nothing that is sent counts',
    (trust) => {
      const sent = { peer: '203.0.113.7', for: '10.0.0.1', proto: 'https' };
      expect(provenance(trust, sent)).toEqual({ address: '203.0.113.7', scheme: 'http', trusted: false });
      expect(provenance(trust, { ...sent, encrypted: true, proto: 'http' }).scheme).toBe('https');
    },
  );
});

describe('a number of proxies', () => {
  test.each<[trust: number, given: string | undefined, address: string]>([
    [1, undefined, '10.9.9.9'],
    [1, '198.51.100.1', '198.51.100.1'],
    [1, '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    [1, '6.6.6.6, 10.0.0.1, 198.51.100.1', '198.51.100.1'],
    [2, '198.51.100.1, 10.0.0.1', '198.51.100.1'],
    [2, '6.6.6.6, 198.51.100.1, 10.0.0.1', '198.51.100.1'],
    [2, '198.51.100.1', '198.51.100.1'],
    [3, '6.6.6.6,198.51.100.1 ,\t10.0.0.1,10.0.0.2', '198.51.100.1'],
    [32, Array.from({ length: 40 }, (_, i) => `192.0.2.${i}`).join(','), '192.0.2.8'],
  ])('%i: of %j the client is %s', (trust, given, address) => {
    expect(provenance(trust, { peer: '10.9.9.9', for: given }).address).toBe(address);
  });

  test.each<[trust: number, given: string, scheme: string]>([
    [1, 'https', 'https'],
    [1, 'HTTPS', 'https'],
    [1, 'http', 'http'],
    [1, 'https, http', 'http'],
    [1, 'http, https', 'https'],
    [2, 'https, http', 'https'],
    [2, 'http, https, http', 'https'],
    [2, 'https', 'https'],
    [1, 'wss', 'http'],
    [1, 'https;', 'http'],
    [1, '', 'http'],
  ])('%i: of %j the scheme is %s', (trust, given, scheme) => {
    const chain = { for: '6.6.6.6, 198.51.100.1, 10.0.0.1' };
    expect(provenance(trust, { peer: '10.9.9.9', ...chain, proto: given }).scheme).toBe(scheme);
  });
});

describe('addresses and networks', () => {
  test.each<
    [
      trust: readonly string[],
      peer: string | undefined,
      given: string | undefined,
      address: string | undefined,
    ]
  >([
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '11.1.2.3', '198.51.100.1', '11.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '6.6.6.6, 198.51.100.1, 10.0.0.9, 10.0.0.8', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.2.3', '10.0.0.9, 10.0.0.8', '10.0.0.9'],
    // The left-most entry is the client's to make up, also as a trusted address.
    [['10.0.0.0/8'], '10.1.2.3', '10.0.0.9, 198.51.100.1', '198.51.100.1'],
    [['10.1.2.3'], '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [['10.1.2.3'], '10.1.2.4', '198.51.100.1', '10.1.2.4'],
    [['0.0.0.0/0'], '203.0.113.7', '198.51.100.1', '198.51.100.1'],
    [['loopback'], '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    [['loopback'], '127.9.9.9', '198.51.100.1', '198.51.100.1'],
    [['loopback'], '::1', '198.51.100.1', '198.51.100.1'],
    [['loopback'], '::2', '198.51.100.1', '::2'],
    [['loopback', '10.0.0.0/8'], '::1', '198.51.100.1, 10.0.0.1', '198.51.100.1'],
    [['2001:db8::/32'], '2001:db8::5', '2001:db9::1', '2001:db9::1'],
    [['2001:db8::/32'], '2001:DB8:0:0::5', '198.51.100.1', '198.51.100.1'],
    [['2001:db8::/32'], '2001:db9::5', '198.51.100.1', '2001:db9::5'],
    // A dual-stack socket shows IPv4 peers in IPv6.
    [['10.0.0.0/8'], '::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '::FFFF:10.1.2.3', '198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '::ffff:a01:203', '198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], '::ffff:11.1.2.3', '198.51.100.1', '::ffff:11.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1, ::ffff:10.0.0.1', '198.51.100.1'],
    [['fe80::/10'], 'fe80::1%eth0', '198.51.100.1', '198.51.100.1'],
    // Some proxies add a port.
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1:5678', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1, 10.0.0.1:80', '198.51.100.1'],
    [['10.0.0.0/8'], '10.1.2.3', '[2001:db8::1]:5678', '2001:db8::1'],
    [['10.0.0.0/8'], '10.1.2.3', '[2001:db8::1]', '2001:db8::1'],
    // What is no address is nobody's: the proxy answers for it.
    [['10.0.0.0/8'], '10.1.2.3', 'unknown', '10.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1, _hidden', '10.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.1,', '10.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '', '10.1.2.3'],
    [['10.0.0.0/8'], '10.1.2.3', '198.51.100.256', '10.1.2.3'],
    // A Unix socket has no address; whoever may connect to it is trusted.
    [['10.0.0.0/8'], undefined, '198.51.100.1', '198.51.100.1'],
    [['10.0.0.0/8'], undefined, undefined, undefined],
  ])('trusting %j, of peer %s and %j the client is %s', (trust, peer, given, address) => {
    expect(provenance(trust, { peer, for: given }).address).toBe(address);
  });

  it('believes the scheme of a trusted peer alone', () => {
    const trust = ['10.0.0.0/8'];
    expect(provenance(trust, { peer: '10.1.2.3', proto: 'https' }).scheme).toBe('https');
    expect(provenance(trust, { peer: '203.0.113.7', proto: 'https' }).scheme).toBe('http');
    const chain = { for: '198.51.100.1, 10.0.0.1', proto: 'https, http' };
    expect(provenance(trust, { peer: '10.1.2.3', ...chain }).scheme).toBe('https');
    expect(
      provenance(trust, { peer: '10.1.2.3', for: '6.6.6.6, 198.51.100.1', proto: 'https, http' }).scheme,
    ).toBe('http');
  });

  it('follows a chain for so many proxies and no further', () => {
    const given = `198.51.100.1,${'10.0.0.1,'.repeat(2_000)}10.0.0.2`;
    expect(provenance(['10.0.0.0/8'], { peer: '10.1.2.3', for: given }).address).toBe('10.0.0.1');
  });
});

describe('a configuration that is not valid', () => {
  test.each<[trust: unknown, message: string]>([
    [-1, '-1 is no number of proxies'],
    [1.5, '1.5 is no number of proxies'],
    [33, '33 is no number of proxies'],
    [Number.NaN, 'NaN is no number of proxies'],
    [Number.POSITIVE_INFINITY, 'Infinity is no number of proxies'],
    [true, 'a number of proxies or a list of addresses is expected'],
    ['10.0.0.0/8', 'a number of proxies or a list of addresses is expected'],
    [null, 'a number of proxies or a list of addresses is expected'],
    [['10.0.0'], "'10.0.0' is no address"],
    [['10.0.0.0/33'], "'10.0.0.0/33' is no address"],
    [['10.0.0.0/'], "'10.0.0.0/' is no address"],
    [['10.0.0.0/-1'], "'10.0.0.0/-1' is no address"],
    [['10.0.0.0/8/8'], "'10.0.0.0/8/8' is no address"],
    [['::1/129'], "'::1/129' is no address"],
    [['fe80::1%eth0'], "'fe80::1%eth0' is no address"],
    [['proxy.example.com'], "'proxy.example.com' is no address"],
    [['private'], "'private' is no address"],
    [['constructor'], "'constructor' is no address"],
    [[''], "'' is no address"],
    [[1], "'1' is no address"],
    [[null], "'null' is no address"],
    [['10.0.0.0/8', 'x'], "'x' is no address"],
  ])('%j is told', (trust, message) => {
    expect(() => createProvenance(trust as TrustProxy)).toThrow(TypeError);
    expect(() => createProvenance(trust as TrustProxy)).toThrow(`trustProxy: ${message}`);
  });
});

describe('behind a proxy that ends TLS', () => {
  /** The status of a page of the server itself, which is on https in front of the proxy. */
  async function statusOf(
    trustProxy: TrustProxy | undefined,
    headers: Readonly<Record<string, string | string[]>>,
  ): Promise<{ readonly status: number | undefined; readonly address: string | undefined }> {
    let address: string | undefined;
    const wrap = mcpCors(
      { origins: 'https://app.example.com' },
      { trustProxy, onDecision: (event) => (address = event.address) },
    );
    const server = await serve(wrap((_, response) => void response.end()));
    try {
      const [response] = await exchange(
        server.port,
        request('GET /mcp', { Origin: 'https://localhost', ...headers }),
      );
      expect(values(response ?? { headers: [] }, 'x-request-id')).toHaveLength(1);
      return { status: response?.status, address };
    } finally {
      await server.close();
    }
  }

  test.each<
    [name: string, trust: TrustProxy | undefined, headers: Record<string, string | string[]>, status: number]
  >([
    ['a trusted proxy says https', ['loopback'], { 'X-Forwarded-Proto': 'https' }, 200],
    ['one proxy says https', 1, { 'X-Forwarded-Proto': 'https' }, 200],
    ['nobody says https', ['loopback'], {}, 403],
    ['the client says https', undefined, { 'X-Forwarded-Proto': 'https' }, 403],
    [
      'the client says https to another than the proxy',
      ['10.0.0.0/8'],
      { 'X-Forwarded-Proto': 'https' },
      403,
    ],
    [
      'the client says https in front of what the proxy says',
      1,
      { 'X-Forwarded-Proto': ['https', 'http'] },
      403,
    ],
    [
      'the client says http in front of what the proxy says',
      1,
      { 'X-Forwarded-Proto': ['http', 'https'] },
      200,
    ],
  ])('a page of the server itself, when %s: %i', async (_, trust, headers, status) => {
    expect((await statusOf(trust, headers)).status).toBe(status);
  });

  it('reads the address over several lines', async () => {
    const lines = { 'X-Forwarded-For': ['6.6.6.6', '198.51.100.1, 127.0.0.1'] };
    expect((await statusOf(['loopback'], lines)).address).toBe('198.51.100.1');
  });
});
