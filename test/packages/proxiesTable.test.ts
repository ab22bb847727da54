import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('the tables of docs/proxies.md say what the tests go by', () => {
  const tool = fileURLToPath(new URL('../../tools/proxiesTable.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, '--check'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^nginx +\d+ of \d+ expressible vectors, \d+ not expressible\n/);
});
