import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../packages/mcp-cors/bin/mcp-cors.js', import.meta.url));

test('a gateway goes on when whoever read its log is gone', async () => {
  const args = [
    'gateway',
    '--upstream',
    'http://127.0.0.1:9/mcp',
    '--origin',
    'https://app.example.com',
    '--listen',
    '127.0.0.1:0',
  ];
  const gateway = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const [line] = (await once(gateway.stdout, 'data')) as [Buffer];
    const url = line.toString().replace('listening on ', '').trim();
    gateway.stderr.destroy();
    for (const name of ['a', 'b', 'c']) {
      const headers = { origin: `https://${name}.example`, 'content-type': 'application/json' };
      const { status } = await fetch(url, { method: 'POST', headers, body: '{}' });
      expect(status).toBe(403);
    }
    expect(gateway.exitCode).toBeNull();
  } finally {
    const ended = once(gateway, 'exit');
    gateway.kill('SIGINT');
    await ended;
  }
});
