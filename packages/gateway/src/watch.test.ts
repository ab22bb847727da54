import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, test } from 'vitest';
import { eventually } from '../../../test/gateway/client.js';
import { watchFiles } from './watch.js';

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cors-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function watch(...files: string[]): () => number {
  let changes = 0;
  onTestFinished(
    watchFiles(files, () => {
      changes++;
    }),
  );
  return () => changes;
}

test.each<[string, (file: string) => void]>([
  ['is written over', (file) => writeFileSync(file, 'new')],
  [
    'is written over with as many bytes, and its old time',
    (file) => {
      writeFileSync(file, 'dlo');
      utimesSync(file, 0, 0);
    },
  ],
  [
    'is put in place of the old one',
    (file) => {
      writeFileSync(`${file}.new`, 'old');
      renameSync(`${file}.new`, file);
    },
  ],
  ['is gone', (file) => rmSync(file)],
])('tells of a file that %s, also at once', async (_, change) => {
  const file = join(createFolder(), 'file');
  writeFileSync(file, 'old');
  utimesSync(file, 0, 0);
  const changes = watch(file);
  change(file);
  await eventually(() => expect(changes()).toBe(1));
});

it('tells of a file that is there at last', async () => {
  const file = join(createFolder(), 'file');
  const changes = watch(file);
  writeFileSync(file, '');
  await eventually(() => expect(changes()).toBe(1));
});

it('tells of a link on the way that leads elsewhere', async () => {
  const folder = createFolder();
  for (const name of ['a', 'b']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'file'), 'same');
  }
  symlinkSync('a', join(folder, 'link'));
  const changes = watch(join(folder, 'link', 'file'));
  symlinkSync('b', join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'link'));
  await eventually(() => expect(changes()).toBe(1));
});

it('tells once of several files that change together', async () => {
  const folder = createFolder();
  const files = [join(folder, 'cert'), join(folder, 'key')];
  const changes = watch(...files);
  for (const file of files) writeFileSync(file, 'new');
  await eventually(() => expect(changes()).toBe(1));
});
