import { beforeEach, describe, expect, it } from 'vitest';
import { createToolMemory, type ToolMemory } from './memory.js';
import type { ToolPage } from './toolPage.js';

const declared = [{ path: ['a'], header: 'Mcp-Param-A' }];
const page = (names: readonly string[], nextCursor?: string): ToolPage => ({
  tools: new Map(names.map((name) => [name, declared])),
  nextCursor,
});

let time: number;
let memory: ToolMemory;
beforeEach(() => {
  time = 0;
  memory = createToolMemory(() => time);
});

describe('a list', () => {
  it('that is whole says of every tool what it declares', () => {
    expect(memory.find('k', 'a')).toBeUndefined();
    memory.learnPage('k', page(['a']), null);
    expect(memory.find('k', 'a')).toBe(declared);
    expect(memory.find('k', 'b')).toEqual([]);
    expect(memory.find('other', 'a')).toBeUndefined();
  });

  it('that goes on says nothing of tools that are not on it yet', () => {
    memory.learnPage('k', page(['a'], '2'), null);
    expect(memory.find('k', 'b')).toBeUndefined();
    memory.learnPage('k', page(['x']), 'other cursor');
    expect(memory.find('k', 'x')).toBeUndefined();
    memory.learnPage('k', page(['b']), '2');
    expect(['a', 'b', 'c'].map((name) => memory.find('k', name))).toEqual([declared, declared, []]);
  });

  it('takes the place of an older one', () => {
    memory.learnPage('k', page(['a']), null);
    memory.learnPage('k', page(['b']), null);
    expect(memory.find('k', 'a')).toEqual([]);
    memory.settle('k', new Map([['c', declared]]));
    expect(memory.find('k', 'b')).toEqual([]);
  });

  it('is plain when it is whole and declares nothing', () => {
    expect(memory.isPlain('k')).toBe(false);
    memory.learnPage('k', page([], '2'), null);
    expect(memory.isPlain('k')).toBe(false);
    memory.learnPage('k', page([]), '2');
    expect(memory.isPlain('k')).toBe(true);
    memory.learnPage('k', page(['a']), null);
    expect(memory.isPlain('k')).toBe(false);
  });

  it('holds for five minutes, and until it is forgotten', () => {
    memory.settle('k', new Map([['a', declared]]));
    time = 299_999;
    expect(memory.find('k', 'a')).toBe(declared);
    time = 300_000;
    expect(memory.find('k', 'a')).toBeUndefined();
    memory.learnPage('k', page(['a']), null);
    memory.forget('k');
    expect(memory.find('k', 'a')).toBeUndefined();
  });

  it('that was not given leaves what is known, for half a minute', () => {
    memory.learnPage('k', page(['a'], '2'), null);
    memory.settle('k', undefined);
    expect(memory.find('k', 'a')).toBe(declared);
    expect(memory.find('k', 'b')).toEqual([]);
    time = 30_000;
    expect(memory.find('k', 'b')).toBeUndefined();
  });
});

describe('what is remembered is bounded', () => {
  it('for each list', () => {
    memory.settle('k', new Map(Array.from({ length: 10_000 }, (_, i) => [`tool ${i}`, declared])));
    expect(memory.find('k', 'tool 0')).toBe(declared);
    expect(memory.find('k', 'tool 9999')).toEqual([]);
    memory.settle('huge', new Map([['x'.repeat(300_000), declared]]));
    expect(memory.isPlain('huge')).toBe(true);
  });

  it('for all, and what was used last stays', () => {
    const list = new Map(Array.from({ length: 1_000 }, (_, i) => [`tool ${i}`, declared] as const));
    for (let i = 0; i < 1_000; i++) {
      memory.settle(`k${i}`, list);
      expect(memory.find('k0', 'tool 0')).toBe(declared);
    }
    const left = Array.from({ length: 1_000 }, (_, i) => memory.find(`k${i}`, 'tool 0') !== undefined);
    const kept = left.filter(Boolean).length;
    expect(kept).toBeGreaterThan(50);
    expect(kept).toBeLessThan(150);
    expect(left.slice(-50)).not.toContain(false);
  });

  it('however often lists change', () => {
    const tools = new Map(Array.from({ length: 1_000 }, (_, i) => [`tool ${i}`, declared] as const));
    for (let i = 0; i < 500; i++) {
      memory.learnPage('k', { tools, nextCursor: '2' }, null);
      memory.learnPage('k', { tools, nextCursor: undefined }, '2');
      memory.settle('k', undefined);
    }
    // Were weights counted wrong, nothing would have room any more.
    memory.settle('other', tools);
    expect(memory.find('k', 'tool 0')).toBe(declared);
    expect(memory.find('other', 'tool 0')).toBe(declared);
  });
});
