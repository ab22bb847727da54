import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { type AddressInfo, isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, checkServerIdentity, connect } from 'node:tls';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, test, vi } from 'vitest';
import { startTestGateway } from '../../../../test/gateway/gateway.js';
import { startUpstream } from '../../../../test/gateway/upstream.js';
import { createAuthorityStore, dataFolder } from './authorityStore.js';
import type { Certificate } from './certificate.js';
import { certifyLocally, issueCertificate } from './localAuthority.js';
import { localNames } from './localNames.js';
import { trustSteps } from './trustSteps.js';

const DAY_MS = 86_400_000;

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-authority-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data');
}

/** Connects to a server that has this certificate as somebody who trusts the authority alone. */
async function trusts(authority: string, { cert, key }: Certificate, servername: string): Promise<string> {
  const server = createServer({ cert, key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const options: ConnectionOptions = {
      host: '127.0.0.1',
      port,
      ca: readFileSync(authority),
      // An address is not among the names that a client may ask for (RFC 6066 section 3).
      ...(isIP(servername) === 0 ? { servername } : {}),
      checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
    };
    const socket = connect(options, () => {
      resolve('trusted');
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.message));
  });
}

describe('a local authority', () => {
  it('is kept for its owner alone, and used again', async () => {
    const folder = createFolder();
    const first = await certifyLocally([], { folder });
    expect(first.authority.isNew).toBe(true);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const keyFile = readdirSync(folder).find((name) => name.endsWith('.key.pem')) as string;
    expect(statSync(join(folder, keyFile)).mode & 0o777).toBe(0o600);
    expect(readFileSync(first.authority.file, 'utf8')).not.toContain('PRIVATE');
    const second = await certifyLocally([], { folder });
    expect(second.authority).toMatchObject({ file: first.authority.file, isNew: false });
    const issuer = new X509Certificate(readFileSync(first.authority.file));
    for (const { certificate } of [first, second]) {
      expect(new X509Certificate(certificate.cert).verify(issuer.publicKey)).toBe(true);
    }
    expect(second.certificate.key).not.toBe(first.certificate.key); // which is written nowhere
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('is replaced shortly before its end, and not earlier', async () => {
    const folder = createFolder();
    const now = new Date();
    const later = (days: number) => new Date(now.getTime() + days * DAY_MS);
    await certifyLocally([], { folder, now });
    expect((await certifyLocally([], { folder, now: later(1_000) })).authority.isNew).toBe(false);
    const { authority, certificate } = await certifyLocally([], { folder, now: later(1_070) });
    expect(authority.isNew).toBe(true);
    expect(certificate.notAfter.getTime()).toBeLessThan(
      new Date(new X509Certificate(readFileSync(authority.file)).validTo).getTime(),
    );
  });

  it('is another one for other names', async () => {
    const folder = createFolder();
    const plain = await certifyLocally([], { folder });
    const named = await certifyLocally(['mcp.test:8443', '*.dev.test', '10.1.2.3', '[fd00::7]:*'], {
      folder,
    });
    expect(named.authority.isNew).toBe(true);
    expect(named.authority.file).not.toBe(plain.authority.file);
    const { subjectAltName } = new X509Certificate(named.certificate.cert);
    expect(subjectAltName?.split(', ')).toEqual([
      'DNS:localhost',
      'DNS:mcp.test',
      'DNS:*.dev.test',
      'IP Address:127.0.0.1',
      'IP Address:0:0:0:0:0:0:0:1',
      'IP Address:10.1.2.3',
      'IP Address:FD00:0:0:0:0:0:0:7',
    ]);
    for (const name of ['localhost', 'mcp.test', 'a.dev.test', '127.0.0.1', '10.1.2.3', 'fd00::7']) {
      expect(await trusts(named.authority.file, named.certificate, name), name).toBe('trusted');
    }
  });

  it.each([['evil.example'], ['localhost.evil.example'], ['8.8.8.8']])(
    'cannot certify %s, whoever has its key',
    async (name) => {
      const folder = createFolder();
      const { authority } = await certifyLocally([], { folder });
      const pem = readFileSync(authority.file.replace(/\.pem$/, '.key.pem'), 'utf8');
      const forged = await issueCertificate(
        pem,
        { ...localNames([name]), dns: ['localhost', name] },
        new Date(),
      );
      expect(await trusts(authority.file, forged, name)).toBe('permitted subtree violation');
      const own = await issueCertificate(pem, localNames([]), new Date());
      expect(await trusts(authority.file, own, 'localhost')).toBe('trusted');
    },
  );

  it('whose key others may read is refused', async () => {
    const folder = createFolder();
    const { authority } = await certifyLocally([], { folder });
    chmodSync(authority.file.replace(/\.pem$/, '.key.pem'), 0o640);
    await expect(certifyLocally([], { folder })).rejects.toThrow(/others may read the key.*Stop trusting/s);
  });

  it('that is not what was written there is replaced', async () => {
    const folder = createFolder();
    const { authority } = await certifyLocally([], { folder });
    const keyFile = authority.file.replace(/\.pem$/, '.key.pem');
    writeFileSync(keyFile, 'garbage');
    expect((await certifyLocally([], { folder })).authority.isNew).toBe(true);
  });

  it('in a folder that cannot be written is told', async () => {
    const folder = createFolder();
    writeFileSync(folder, 'a file');
    await expect(certifyLocally([], { folder: join(folder, 'below') })).rejects.toThrow(/XDG_DATA_HOME/);
  });
});

test.each<[NodeJS.Platform, NodeJS.ProcessEnv, RegExp]>([
  ['linux', { XDG_DATA_HOME: '/data' }, /^\/data\/mcp-cors$/],
  ['linux', { XDG_DATA_HOME: 'relative' }, /\/\.local\/share\/mcp-cors$/],
  ['linux', {}, /\/\.local\/share\/mcp-cors$/],
  ['darwin', {}, /\/Library\/Application Support\/mcp-cors$/],
])('on %s with %j it is kept in %s', (platform, environment, expected) => {
  expect(dataFolder(platform, environment)).toMatch(expected);
});

test('the steps to trust it name its file', () => {
  for (const platform of ['linux', 'darwin', 'win32', 'freebsd'] as const) {
    for (const { how } of trustSteps('/a b/c.pem', platform)) expect(how).toContain('"/a b/c.pem"');
  }
  expect(createAuthorityStore('/nowhere', 'x').read()).toBeUndefined();
});

test('Node fetches from a gateway with tls: auto when it is told the authority', async () => {
  vi.stubEnv('XDG_DATA_HOME', createFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
  const upstream = await startUpstream((_, response) => response.end('reached'));
  const gateway = await startTestGateway(upstream, { tls: 'auto' });
  const script = `
    const { port } = new URL(process.argv[1]);
    for (const host of ['localhost', '127.0.0.1'])
      console.log(await fetch('https://' + host + ':' + port + '/mcp').then((r) => r.text(), (e) => e.cause.code));
  `;
  const run = async (environment: NodeJS.ProcessEnv): Promise<string> => {
    const args = ['--input-type=module', '-e', script, gateway.url];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { ...process.env, ...environment },
    });
    return stdout;
  };
  expect(await run({ NODE_EXTRA_CA_CERTS: gateway.authority?.file })).toBe('reached\nreached\n');
  expect(await run({})).not.toContain('reached');
});
