import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFolder } from '../../../../test/cli/command.js';
import { aWhile, eventually } from '../../../../test/gateway/client.js';
import { createLineFile, type LineFile, MOST_WAITING_BYTES } from './lineFile.js';

function openFile(path: string): { readonly file: LineFile; readonly told: string[] } {
  const told: string[] = [];
  const file = createLineFile(path, (message) => told.push(message));
  onTestFinished(() => file.close());
  return { file, told };
}

function createPath(name = 'audit.ndjson'): string {
  return join(createFolder(), name);
}

const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');

describe('a file of lines', () => {
  it('is added to, soon', async () => {
    const path = createPath();
    writeFileSync(path, 'before\n');
    const { file, told } = openFile(path);
    file.write('one\n');
    await eventually(() => expect(textOf(path)).toBe('before\none\n'));
    for (let i = 0; i < 1_000; i++) file.write(`line ${i}\n`);
    await eventually(() => expect(textOf(path).split('\n')).toHaveLength(1_003));
    expect(told).toEqual([]);
  });

  it('is whole when it is closed, whatever waits', async () => {
    const path = createPath();
    const { file } = openFile(path);
    const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i} ${'x'.repeat(100)}\n`);
    for (const line of lines) file.write(line);
    await file.close();
    expect(textOf(path) === lines.join('')).toBe(true);
    expect(file.lost).toBe(0);
    file.write('late\n');
    await file.close();
    expect(textOf(path)).not.toContain('late');
  });
});

describe('rotation', () => {
  it('by renaming and a signal', async () => {
    const path = createPath();
    const { file, told } = openFile(path);
    file.write('old\n');
    await eventually(() => expect(textOf(path)).toBe('old\n'));
    renameSync(path, `${path}.1`);
    file.reopen();
    await eventually(() => expect(existsSync(path)).toBe(true));
    file.write('new\n');
    await eventually(() => expect(textOf(path)).toBe('new\n'));
    expect([textOf(`${path}.1`), told]).toEqual(['old\n', []]);
  });

  it.each([
    ['renaming without a signal', (path: string) => renameSync(path, `${path}.1`)],
    ['removing', (path: string) => rmSync(path)],
    [
      'renaming, with another file in its place',
      (path: string) => {
        renameSync(path, `${path}.1`);
        writeFileSync(path, '');
      },
    ],
  ])('by %s', async (_, rotate) => {
    const path = createPath();
    const { file, told } = openFile(path);
    file.write('old\n');
    await eventually(() => expect(textOf(path)).toBe('old\n'));
    rotate(path);
    let n = 0;
    await eventually(() => {
      file.write(`${n++}\n`);
      expect(textOf(path)).not.toBe('');
    });
    expect(told).toEqual([]);
  });

  it('by copying and cutting', async () => {
    const path = createPath();
    const { file } = openFile(path);
    file.write('old\n');
    await eventually(() => expect(textOf(path)).toBe('old\n'));
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    file.write('new\n');
    await eventually(() => expect(textOf(path)).toBe('new\n')); // not behind a hole
    expect(textOf(`${path}.1`)).toBe('old\n');
  });

  it('loses no line while it happens again and again', async () => {
    const path = createPath();
    const { file } = openFile(path);
    await eventually(() => expect(existsSync(path)).toBe(true));
    let lines = 0;
    for (let turn = 0; turn < 20; turn++) {
      for (let i = 0; i < 500; i++) file.write(`${lines++}\n`);
      await aWhile(10);
      renameSync(path, `${path}.${turn}`);
      file.reopen();
      await eventually(() => expect(existsSync(path)).toBe(true));
    }
    await file.close();
    const all = [...Array(20).keys()].map((turn) => textOf(`${path}.${turn}`)).join('') + textOf(path);
    expect(all).toBe(Array.from({ length: lines }, (_, i) => `${i}\n`).join(''));
  });

  it('into a folder that is gone goes on in the old file, and says so once', async () => {
    const path = join(createPath('folder'), 'audit.ndjson');
    const folder = join(path, '..');
    mkdirSync(folder);
    const { file, told } = openFile(path);
    file.write('old\n');
    await eventually(() => expect(textOf(path)).toBe('old\n'));
    renameSync(folder, `${folder}.1`);
    file.reopen();
    file.write('on\n');
    await eventually(() => expect(textOf(join(`${folder}.1`, 'audit.ndjson'))).toBe('old\non\n'));
    await aWhile(1_500);
    expect(told).toHaveLength(1);
    mkdirSync(folder);
    await eventually(() => expect(existsSync(path)).toBe(true));
    file.write('new\n');
    await eventually(() => expect(textOf(path)).toBe('new\n'));
    await eventually(() => expect(told).toHaveLength(2));
    expect(told[0]).toContain('cannot be written');
    expect(told[1]).toBe('the audit is written again');
  });
});

describe('a file that cannot be written', () => {
  it('for want of its folder is told of once, waited for, and then complete', async () => {
    const folder = createPath('folder');
    const { file, told } = openFile(join(folder, 'audit.ndjson'));
    file.write('one\n');
    await eventually(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatch(/cannot be written: ENOENT.*Create its folder; requests are served meanwhile$/);
    file.write('two\n');
    await aWhile(1_500);
    expect(told).toHaveLength(1);
    mkdirSync(folder);
    await eventually(() => expect(textOf(join(folder, 'audit.ndjson'))).toBe('one\ntwo\n'));
    await eventually(() => expect(told.slice(1)).toEqual(['the audit is written again']));
  });

  it('since it is a folder is told of', async () => {
    const { told } = openFile(createFolder());
    await eventually(() => expect(told[0]).toContain('Name a file, not a folder'));
  });

  it('on a full disk is told of once; lines wait up to a bound, and the lost ones are counted', async () => {
    const { file, told } = openFile('/dev/full');
    file.write('one\n');
    await eventually(() => expect(told).toHaveLength(1));
    expect(told[0]).toMatch(/ENOSPC.*Make room on the disk/);
    const line = `${'x'.repeat(9_999)}\n`;
    const fits = Math.floor(MOST_WAITING_BYTES / line.length);
    for (let i = 0; i < fits + 100; i++) file.write(line);
    expect(file.lost).toBe(100);
    await file.close();
    expect(told).toEqual([told[0], `the audit ends without its last ${fits + 1} lines`]);
  });

  it('in the middle of a line begins with the line again', async () => {
    const path = createPath();
    const { file, told } = openFile(path);
    file.write('whole\n');
    await eventually(() => expect(textOf(path)).toBe('whole\n'));
    // A limit on the size of files does to a write what a full disk does: it takes a part of it.
    const { pid } = process;
    const line = `${'y'.repeat(5_000)}\n`;
    const limited = spawnSync('prlimit', ['--pid', String(pid), '--fsize=2000:unlimited']);
    expect(limited.status).toBe(0);
    onTestFinished(() => void spawnSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited']));
    file.write(line);
    await eventually(() => expect(told).toHaveLength(1));
    spawnSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:unlimited']);
    await eventually(() => expect(textOf(path).endsWith(`\n${line}`)).toBe(true));
    expect(
      textOf(path)
        .split('\n')
        .filter((text) => text === line.trim()),
    ).toHaveLength(1);
  });
});
