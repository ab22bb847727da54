import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, truncateSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readAuditLines } from '../gateway/auditLines.js';
import { parseExposition } from '../gateway/exposition.js';
import { createFolder, eventually, start, startGateway } from './command.js';

const PAGE = 'http://localhost:3000';
const LINE_FILE = new URL('../../packages/gateway/dist/audit/lineFile.js', import.meta.url).href;

async function startUpstream(): Promise<string> {
  const server = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts `mcp-cors gateway` with an audit. */
async function startAudited(more: object = {}) {
  const folder = createFolder();
  const file = join(folder, 'audit.ndjson');
  const config = {
    listen: '127.0.0.1:0',
    policy: { origins: PAGE },
    routes: [{ path: '/mcp', upstream: `${await startUpstream()}/mcp` }],
    audit: { file: 'audit.ndjson' },
    ...more,
  };
  const gateway = await startGateway(
    ['--config', join(createFolder({ 'c.yaml': JSON.stringify(config) }), 'c.yaml')],
    folder,
  );
  const post = async (origin = PAGE): Promise<number> => {
    const headers = { Origin: origin, 'Content-Type': 'application/json' };
    const response = await fetch(gateway.url, { method: 'POST', headers, body: '{}' });
    await response.arrayBuffer();
    return response.status;
  };
  return { gateway, file, post };
}

describe('mcp-cors gateway with an audit', () => {
  it.each(['SIGHUP', 'SIGUSR2'] as const)(
    'goes on in a new file after it was renamed and %s',
    async (signal) => {
      const { gateway, file, post } = await startAudited();
      await post();
      await eventually(() => expect(readAuditLines(file)).toHaveLength(1));
      renameSync(file, `${file}.1`);
      gateway.process.kill(signal);
      await eventually(() => expect(existsSync(file)).toBe(true));
      await post();
      await eventually(() => expect(readAuditLines(file)).toHaveLength(1));
      expect(readAuditLines(`${file}.1`)).toHaveLength(1);
      gateway.process.kill('SIGTERM');
      expect((await gateway.ending).code).toBe(0);
    },
  );

  it('goes on in the same file after it was copied and cut', async () => {
    const { file, post } = await startAudited();
    await post();
    await eventually(() => expect(readAuditLines(file)).toHaveLength(1));
    copyFileSync(file, `${file}.1`);
    truncateSync(file);
    await post();
    await eventually(() => expect(readAuditLines(file)).toHaveLength(1));
    expect(readAuditLines(`${file}.1`)).toHaveLength(1);
  });

  it('has written all of it when it ends', async () => {
    const { gateway, file, post } = await startAudited();
    for (let i = 0; i < 20; i++) await post();
    gateway.process.kill('SIGTERM');
    expect((await gateway.ending).code).toBe(0);
    expect(readAuditLines(file)).toHaveLength(20);
  });

  it('serves without it where it cannot be written, and says so once', async () => {
    const { gateway, post } = await startAudited({ audit: { file: 'missing/audit.ndjson' } });
    expect([await post(), await post()]).toEqual([200, 200]);
    await eventually(() => expect(gateway.err()).toContain('the audit cannot be written'));
    expect(gateway.err().match(/warning:/g)).toHaveLength(1);
  });

  it('on standard error writes nothing else there while it serves', async () => {
    const { gateway, post } = await startAudited({ audit: { file: '-' } });
    await post();
    await post('https://evil.example');
    await eventually(() => expect(gateway.err().split('\n')).toHaveLength(3));
    const lines = gateway.err().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).status)).toEqual([200, 403]);
    expect(gateway.out()).toBe(`listening on ${gateway.url}\n`);
  });

  it('ends on SIGHUP where there is nothing to open anew', async () => {
    const upstream = await startUpstream();
    const gateway = await startGateway([
      ...['--upstream', upstream, '--listen', '127.0.0.1:0', '--origin', PAGE],
    ]);
    gateway.process.kill('SIGHUP');
    await gateway.ending;
    expect(gateway.process.signalCode).toBe('SIGHUP');
  });
});

describe('mcp-cors gateway --metrics', () => {
  it('serves metrics and health, and says where on standard error', async () => {
    const flags = ['--listen', '127.0.0.1:0', '--origin', PAGE, '--metrics', '127.0.0.1:0'];
    const running = start(['gateway', '--upstream', await startUpstream(), ...flags, '--format', 'json']);
    const url = await eventually(() => {
      const found = /^metrics on (\S+)$/m.exec(running.err())?.[1];
      if (found === undefined) throw new Error(`no metrics: ${running.err()}`);
      return found;
    });
    expect(JSON.parse(running.out())).toEqual({ listening: expect.stringMatching(/^http:/) });
    expect(parseExposition(await (await fetch(url)).text()).values('mcp_cors_build_info')).toEqual([1]);
    expect((await fetch(new URL('/readyz', url))).status).toBe(200);
    running.process.kill('SIGTERM');
    expect((await running.ending).code).toBe(0);
  });

  it('is refused elsewhere without a token', async () => {
    const { code, err } = await start([
      'gateway',
      ...['--upstream', 'http://127.0.0.1:1', '--origin', PAGE, '--metrics', '0.0.0.0:9808'],
    ]).ending;
    expect(code).toBe(2);
    expect(err).toMatch(/^error: .*metrics\.token.*\nhint: .*METRICS_TOKEN/m);
  });
});

describe('the lines of an audit', () => {
  it('are there when the process ends by itself', () => {
    const file = join(createFolder(), 'audit.ndjson');
    const script = `
      const { createLineFile } = await import(${JSON.stringify(LINE_FILE)});
      const file = createLineFile(${JSON.stringify(file)}, console.error);
      await new Promise((resolve) => setTimeout(resolve, 200));
      file.write('last words\\n');
      process.exit(3);`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    expect([status, String(stderr)]).toEqual([3, '']);
    expect(readFileSync(file, 'utf8')).toBe('last words\n');
  });
});
