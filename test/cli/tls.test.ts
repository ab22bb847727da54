import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCertificate } from '../carriers/http2Certificate.js';
import { createFolder, eventually, startGateway } from './command.js';

const CONFIG = `
listen: 127.0.0.1:0
tls: TLS
policy: { origins: ['http://localhost:3000'] }
routes: [{ path: /mcp, upstream: 'http://127.0.0.1:1/mcp' }]
`;

describe('mcp-cors gateway with tls: auto', () => {
  it('prints how to trust the authority that it made, and next time only which it is', async () => {
    const folder = createFolder({ 'mcp-cors.yaml': CONFIG.replace('TLS', 'auto') });
    const environment = { XDG_DATA_HOME: join(folder, 'data') };
    const first = await startGateway([], folder, environment);
    expect(first.url).toMatch(/^https:\/\/127\.0\.0\.1:[0-9]+\/mcp$/);
    await eventually(() => expect(first.err()).toContain('NODE_EXTRA_CA_CERTS='));
    const file = /NODE_EXTRA_CA_CERTS="?([^"\s]+)/.exec(first.err())?.[1] ?? '';
    expect(first.err()).toContain('to trust it:');
    const script = `fetch(process.argv[1]).then((r) => console.log(r.status))`;
    const options = { env: { ...process.env, NODE_EXTRA_CA_CERTS: file }, encoding: 'utf8' } as const;
    expect(execFileSync(process.execPath, ['-e', script, first.url], options)).toBe('502\n');
    const second = await startGateway([], folder, environment);
    await eventually(() => expect(second.err()).toContain(`signed by the local authority ${file}`));
    expect(second.err()).not.toContain('to trust it');
  });
});

describe('mcp-cors gateway with certificate files', () => {
  it('says when it has taken another certificate, and why it has not', async () => {
    const { cert, key } = createCertificate();
    const folder = createFolder({
      'mcp-cors.yaml': CONFIG.replace('TLS', '{ cert: cert.pem, key: key.pem }'),
      'cert.pem': cert,
      'key.pem': key,
    });
    const gateway = await startGateway([], folder);
    writeFileSync(join(folder, 'key.pem'), createCertificate().key);
    await eventually(() =>
      expect(gateway.err()).toMatch(/certificate kept: the key in key\.pem is not that of/),
    );
    writeFileSync(join(folder, 'key.pem'), key);
    await eventually(() => expect(gateway.err()).toMatch(/certificate replaced, valid until 20/));
  });
});
