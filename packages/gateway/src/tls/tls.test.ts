import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Certificate, createCertificate } from '../../../../test/carriers/http2Certificate.js';
import {
  ANY_CERTIFICATE,
  begin,
  eventually,
  headOf,
  partsOf,
  send,
} from '../../../../test/gateway/client.js';
import { startTestGateway, testCertificate } from '../../../../test/gateway/gateway.js';
import { startUpstream } from '../../../../test/gateway/upstream.js';
import { GatewayConfigError } from '../errors.js';
import { type GatewayOptions, startGateway } from '../server.js';
import type { CertificateEvent } from './keeper.js';

const DAY_MS = 86_400_000;
const POLICY = { origins: ['https://app.example.com'] };
const daysFromNow = (days: number): Date => new Date(Date.now() + days * DAY_MS);

/** A TLS connection to a gateway; what it says of its certificate and protocol. */
async function shakeHands(url: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ ...ANY_CERTIFICATE, ...options, host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** The serial of what a gateway shows is always 1; its key tells certificates apart. */
async function keyShown(url: string): Promise<string | undefined> {
  const socket = await shakeHands(url);
  return socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

async function startSecure(certificate = createCertificate(), options: GatewayOptions = {}) {
  const upstream = await startUpstream((_, response) => response.end('ok'));
  const written = testCertificate(certificate);
  const gateway = await startTestGateway(upstream, { tls: written.files, ...options });
  return { upstream, gateway, written };
}

describe('at the start', () => {
  const pair = createCertificate();
  const write = (certificate: Certificate) => testCertificate(certificate).files;
  const cases: readonly (readonly [string, () => unknown, RegExp])[] = [
    [
      'tls that is neither',
      () => 'on',
      /^tls-syntax tls: "on" is neither auto nor an object\. Write tls: auto/,
    ],
    ['no key', () => ({ cert: write(pair).cert }), /^tls-file-missing tls\.key: nothing is not the name/],
    ['an unknown key', () => ({ ...write(pair), pfx: 'x' }), /^unknown-key tls\.pfx/],
    [
      'no such file',
      () => ({ ...write(pair), cert: '/no/such' }),
      /^tls-file-unreadable tls\.cert: .*no such file/,
    ],
    ['a folder', () => ({ ...write(pair), key: '/' }), /^tls-file-unreadable tls\.key: .*folder/],
    [
      'no certificate',
      () => write({ ...pair, cert: 'x' }),
      /^tls-certificate-invalid tls\.cert: .*no certificate/,
    ],
    ['no key in it', () => write({ ...pair, key: pair.cert }), /^tls-key-invalid tls\.key: .*no private key/],
    [
      'a key that is encrypted',
      () => write({ ...pair, key: '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n' }),
      /^tls-key-invalid tls\.key: .*encrypted\. Decrypt it: openssl/,
    ],
    [
      'the key of another',
      () => write({ ...pair, key: createCertificate().key }),
      /^tls-key-mismatch tls\.key: .*not that of the certificate.*CN=localhost/,
    ],
    [
      'a broken key',
      () => write({ ...pair, key: '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n' }),
      /^tls-unusable tls: /,
    ],
    [
      'an expired certificate',
      () => write(createCertificate(daysFromNow(-10))),
      /^tls-certificate-expired tls\.cert: .*expired on 20..-..-..\. Renew it/,
    ],
    [
      'one of tomorrow',
      () => write(createCertificate(daysFromNow(10))),
      /^tls-certificate-not-yet-valid tls\.cert: .*clock/,
    ],
  ];

  it.each(cases)('%s is told with its place and its remedy', async (_, tls, expected) => {
    const config = {
      listen: '127.0.0.1:0',
      tls: tls() as never,
      policy: POLICY,
      routes: [{ path: '/', upstream: 'http://127.0.0.1:1' }],
    };
    const error = await startGateway(config).then(
      (gateway) => gateway.close(),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(GatewayConfigError);
    const [issue] = (error as GatewayConfigError).issues;
    expect(`${issue?.code} ${issue?.path}: ${issue?.message}. ${issue?.remedy}`).toMatch(expected);
  });
});

describe('a handshake', () => {
  it.each<[string, ConnectionOptions, string | false]>([
    ['prefers HTTP/2', { ALPNProtocols: ['http/1.1', 'h2'] }, 'h2'],
    ['agrees to HTTP/1.1', { ALPNProtocols: ['http/1.1'] }, 'http/1.1'],
    ['does without', {}, false],
  ])('%s', async (_, options, expected) => {
    const { gateway } = await startSecure();
    expect((await shakeHands(gateway.url, options)).alpnProtocol).toBe(expected);
    expect(gateway.url).toMatch(/^https:/);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('may be of %s', async (version) => {
    const { gateway } = await startSecure();
    const socket = await shakeHands(gateway.url, { minVersion: version, maxVersion: version });
    expect(socket.getProtocol()).toBe(version);
  });

  it('may not be of TLSv1.1, whatever Node is told to allow', async () => {
    const { gateway } = await startSecure();
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(shakeHands(gateway.url, old)).rejects.toThrow(/version/i);
  });

  it('in plain text gets no answer that a page could use', async () => {
    const { gateway, upstream } = await startSecure();
    await expect(send(gateway.url.replace('https', 'http'))).rejects.toThrow();
    expect(upstream.accepted()).toBe(0);
  });
});

describe('while it serves', () => {
  it('files that change are served with; streams go on', async () => {
    const events: CertificateEvent[] = [];
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('data: 1\n\n');
      next = () => response.write('data: 2\n\n');
    });
    let next = (): void => {};
    const first = createCertificate();
    const written = testCertificate(first);
    const gateway = await startTestGateway(upstream, {
      tls: written.files,
      onCertificate: (event) => events.push(event),
    });
    const stream = partsOf(await headOf(begin(gateway.url, { method: 'GET' })));
    expect(await stream.next()).toBe('data: 1\n\n');
    const before = await keyShown(gateway.url);
    written.replace(createCertificate());
    await eventually(async () => expect(await keyShown(gateway.url)).not.toBe(before));
    // The files are renamed one after the other, and may have been looked at in between.
    expect(events.at(-1)?.outcome).toBe('replaced');
    next();
    expect(await stream.next()).toBe('data: 2\n\n');
    expect((await shakeHands(gateway.url, { ALPNProtocols: ['h2'] })).alpnProtocol).toBe('h2');
  });

  it('the last good certificate stays while the files are not, and it says why', async () => {
    const events: CertificateEvent[] = [];
    const { gateway, written } = await startSecure(createCertificate(), {
      onCertificate: (event) => events.push(event),
    });
    const before = await keyShown(gateway.url);
    writeFileSync(written.files.cert, createCertificate().cert);
    await eventually(() => expect(events).toHaveLength(1));
    expect(events[0]).toMatchObject({ outcome: 'kept', issues: [{ code: 'tls-key-mismatch' }] });
    expect(await keyShown(gateway.url)).toBe(before);
    written.replace(createCertificate());
    await eventually(() => expect(events.at(-1)?.outcome).toBe('replaced'));
    expect(await keyShown(gateway.url)).not.toBe(before);
  });

  it('nobody who listens ends it by throwing, and without a listener the owner is warned', async () => {
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    const listeners: readonly GatewayOptions[] = [
      {
        onWarning,
        onCertificate() {
          throw new Error('the listener’s own');
        },
      },
      { onWarning },
    ];
    for (const options of listeners) {
      const { gateway, written } = await startSecure(createCertificate(), options);
      writeFileSync(written.files.key, createCertificate().key);
      await eventually(() => expect(warnings).toHaveLength(1));
      expect(warnings.pop()).toMatch(/^onCertificate failed: |^certificate kept: the key in /);
      expect((await send(gateway.url)).status).toBe(200);
    }
  });

  it('a reload takes another certificate, or keeps what there is when it is not good', async () => {
    const { gateway, upstream } = await startSecure();
    const config = (tls: unknown) => ({
      listen: new URL(gateway.url).host,
      tls: tls as never,
      policy: POLICY,
      routes: [{ path: '/', upstream: upstream.url }],
    });
    const listen = '127.0.0.1:0';
    const before = await keyShown(gateway.url);
    await expect(gateway.reload({ ...config({ cert: '/no', key: '/no' }), listen })).rejects.toThrow(
      'no such file',
    );
    expect(await keyShown(gateway.url)).toBe(before);
    await gateway.reload({ ...config(testCertificate().files), listen });
    expect(await keyShown(gateway.url)).not.toBe(before);
    await expect(gateway.reload({ ...config(undefined), listen })).rejects.toThrow(
      'cannot change while the gateway runs',
    );
  });
});
