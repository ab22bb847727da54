import { describe, expect, it } from 'vitest';
import { PAGE, send } from '../../../test/gateway/client.js';
import { type Setting, startTestGateway, testCertificate } from '../../../test/gateway/gateway.js';
import { startUpstream } from '../../../test/gateway/upstream.js';

type Line = readonly [name: string, value: string];

/** What an upstream is told of the way of a request: all lines of each header. */
async function toldUpstream(headers: readonly Line[], setting: Setting = {}) {
  const upstream = await startUpstream((_, response) => response.end('ok'));
  const addresses: (string | undefined)[] = [];
  const gateway = await startTestGateway(upstream, {
    ...setting,
    onDecision: ({ address }) => addresses.push(address),
  });
  await send(gateway.url, { headers });
  const raw = upstream.requests[0]?.rawHeaders ?? [];
  const lines = (name: string) => raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
  return {
    host: new URL(gateway.url).host,
    address: addresses[0],
    for: lines('x-forwarded-for'),
    hosts: lines('x-forwarded-host'),
    proto: lines('x-forwarded-proto'),
    forwarded: lines('forwarded'),
    realIp: lines('x-real-ip'),
  };
}

const LIES: readonly Line[] = [
  ['X-Forwarded-For', '192.0.2.7'],
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'https'],
  ['X-Forwarded-Port', '1'],
  ['X-Real-IP', '192.0.2.7'],
  ['Forwarded', 'for=192.0.2.7;host=evil.example;proto=https'],
];

describe('the upstream is told', () => {
  it('where a request came from, and nothing that a client says of that', async () => {
    const told = await toldUpstream(LIES);
    expect(told).toEqual({
      host: told.host,
      address: '127.0.0.1',
      for: ['127.0.0.1'],
      hosts: [told.host],
      proto: ['http'],
      forwarded: [`for=127.0.0.1;host="${told.host}";proto=http`],
      realIp: [],
    });
  });

  it('https where it is', async () => {
    const told = await toldUpstream([], { tls: testCertificate().files });
    expect([told.proto, told.forwarded]).toEqual([
      ['https'],
      [`for=127.0.0.1;host="${told.host}";proto=https`],
    ]);
  });

  it.each<[Setting['trustProxy'] & {}]>([[1], [['loopback']], [['127.0.0.0/8']]])(
    'what a proxy that is trusted by %j said before, and the proxy',
    async (trustProxy) => {
      const told = await toldUpstream(LIES, { trustProxy });
      expect(told).toMatchObject({
        address: '192.0.2.7',
        for: ['192.0.2.7, 127.0.0.1'],
        hosts: ['evil.example'],
        proto: ['https'],
        forwarded: ['for=192.0.2.7, for=127.0.0.1;host="evil.example";proto=https'],
        realIp: [],
      });
    },
  );

  it('nothing of a proxy that is not among those that are trusted', async () => {
    const told = await toldUpstream(LIES, { trustProxy: ['10.0.0.0/8'] });
    expect([told.address, told.for, told.proto]).toEqual(['127.0.0.1', ['127.0.0.1'], ['http']]);
  });

  it.each([
    ['2001:db8::1', 'for="[2001:db8::1]", for=127.0.0.1'],
    ['192.0.2.1, 2001:db8::1', 'for=192.0.2.1, for="[2001:db8::1]", for=127.0.0.1'],
    ['"a\\;b', 'for="\\"a\\\\;b", for=127.0.0.1'],
    ['unknown', 'for=unknown, for=127.0.0.1'],
    ['', 'for=127.0.0.1'],
  ])('%j as RFC 7239 has it', async (way, expected) => {
    const told = await toldUpstream([['X-Forwarded-For', way]], { trustProxy: 1 });
    expect(told.forwarded).toEqual([`${expected};host="${told.host}";proto=http`]);
  });

  it('an IPv4 address as such, also where IPv6 is listened on', async () => {
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const gateway = await startTestGateway(upstream, { listen: '[::]:0', policy: { hosts: ['localhost'] } });
    const url = `http://127.0.0.1:${new URL(gateway.url).port}`;
    expect((await send(url, { headers: [['Host', 'localhost']] })).status).toBe(200);
    expect(upstream.requests[0]?.headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      forwarded: 'for=127.0.0.1;host="localhost";proto=http',
    });
  });
});

describe('a decision', () => {
  const sameOrigin = { policy: { origins: ['https://other.example'], hosts: ['localhost'] } };
  const headers = (proto: string): readonly Line[] => [
    ['Host', 'localhost'],
    ['X-Forwarded-Proto', proto],
  ];

  it.each([
    [1, 'https', 200],
    [1, 'http', 403],
    [undefined, 'https', 403],
  ])('takes the scheme from trusted proxies alone: %j %s', async (trustProxy, proto, status) => {
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const gateway = await startTestGateway(upstream, { ...sameOrigin, trustProxy });
    const sending = { origin: 'https://localhost', headers: headers(proto) };
    expect((await send(gateway.url, sending)).status).toBe(status);
  });

  it('never takes the host from a header that a page could set', async () => {
    const upstream = await startUpstream((_, response) => response.end('ok'));
    const gateway = await startTestGateway(upstream, { trustProxy: 1 });
    const rebound: readonly Line[] = [
      ['Host', 'evil.example'],
      ['X-Forwarded-Host', 'localhost'],
    ];
    expect((await send(gateway.url, { origin: PAGE, headers: rebound })).status).toBe(403);
    expect(upstream.accepted()).toBe(0);
  });
});
