import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markUpstreams } from './upstreams.js';

const urls = fc
  .uniqueArray(fc.nat({ max: 9_999 }), { minLength: 1, maxLength: 256 })
  .map((ports) => ports.map((port) => new URL(`http://127.0.0.1:${port + 1}/mcp`)));

describe('the marks of upstreams', () => {
  it('are two characters, and differ', () => {
    fc.assert(
      fc.property(urls, (list) => {
        const marks = markUpstreams(list).map(({ mark }) => mark);
        for (const mark of marks) expect(mark).toMatch(/^[A-Za-z0-9_-]{2}$/);
        expect(new Set(marks).size).toBe(list.length);
      }),
    );
  });

  it('do not depend on the order', () => {
    const byUrl = (list: readonly URL[]) =>
      Object.fromEntries(markUpstreams(list).map(({ url, mark }) => [url.href, mark]));
    fc.assert(
      fc.property(urls, (list) => {
        expect(byUrl([...list].reverse())).toEqual(byUrl(list));
      }),
    );
  });

  it('stay when another upstream joins, unless the two are alike', () => {
    const list = Array.from({ length: 9 }, (_, i) => new URL(`http://10.0.0.${i}:3001/mcp`));
    const before = markUpstreams(list.slice(0, 8)).map(({ mark }) => mark);
    expect(
      markUpstreams(list)
        .map(({ mark }) => mark)
        .slice(0, 8),
    ).toEqual(before);
  });
});
