import { describe, expect, it } from 'vitest';
import { isExpensive, PREFLIGHT_PROBES } from './preflightAttack.js';

describe('isExpensive', () => {
  it.each([
    ['far longer every time', [1, 2, 1], [200, 210, 205], true],
    ['longer once, which is noise', [1, 2, 1], [900, 3, 2], false],
    ['many times longer, and still nothing', [0.1, 0.2], [20, 21, 22], false],
    ['longer on a slow line', [80, 120], [260, 270, 280], false],
    ['one plain preflight that was as slow', [1, 190, 1], [200, 210, 205], false],
    ['nothing to compare with', [], [900], false],
    ['nothing measured', [1], [], false],
  ])('%s', (_, plain, hostile, expected) => {
    expect(isExpensive(plain, hostile)).toBe(expected);
  });
});

describe('PREFLIGHT_PROBES', () => {
  it('holds lists that pass the usual bounds on heads and lists that do not', () => {
    const lengths = PREFLIGHT_PROBES.filter(({ measured }) => measured).map(({ names = '' }) => names.length);

    expect(lengths.filter((length) => length > 10_000 && length < 16_000).length).toBeGreaterThanOrEqual(4);
    expect(lengths.filter((length) => length > 50_000).length).toBeGreaterThanOrEqual(2);
  });

  it('asks for methods that no page may use', () => {
    const methods = PREFLIGHT_PROBES.map(({ method }) => method).filter((method) => method !== undefined);

    expect(methods).toEqual(['post', 'CONNECT', '']);
  });
});
