import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BENIGN_POLICY, hostilePolicies } from '../../../../test/fixtures/hostilePolicies.js';
import { matching, quoted } from './caddy/syntax.js';
import { render } from './index.js';

/** Reads a Caddyfile as Caddy does (lexer.go): lines of words, two kinds of quotes at the start of a word, comments. */
function read(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  let line: string[] = [];
  let at = 0;
  const space = (): void => {
    while (/[ \t\r]/.test(text.charAt(at))) at++;
  };
  while (at < text.length) {
    space();
    const sign = text.charAt(at);
    if (sign === '\n' || sign === '') {
      if (line.length > 0) lines.push(line);
      line = [];
      at++;
    } else if (sign === '#') {
      while (at < text.length && text[at] !== '\n') at++;
    } else if (sign === '`') {
      const end = text.indexOf('`', at + 1);
      if (end === -1) throw new Error('a word without an end');
      line.push(text.slice(at + 1, end));
      at = end + 1;
    } else if (sign === '"') {
      const [whole = '', inner = ''] = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(text.slice(at)) ?? [];
      if (whole === '') throw new Error('a word without an end');
      line.push(inner.replaceAll('\\"', '"'));
      at += whole.length;
    } else {
      const [word = ''] = /^\S+/.exec(text.slice(at)) ?? [];
      if (word.includes('\\')) throw new Error(`an escape in a bare word: ${word}`);
      line.push(word);
      at += word.length;
    }
    if (/["`]/.test(sign) && !/\s/.test(text.charAt(at) || ' '))
      throw new Error('a word goes on behind its quote');
  }
  return lines;
}

/** The shape of a configuration without its values: what each line does, its number of words, and where blocks open. */
function shape(text: string): unknown {
  let map = false;
  return read(text).map((line) => {
    const first = map && line[0] !== '}' ? '' : line[0];
    map = line[0] === 'map' || (map && line[0] !== '}');
    return [first, line.length, line.at(-1) === '{'];
  });
}

describe('caddy', () => {
  test('no value breaks out of its place', () => {
    const benign = shape(render('caddy', BENIGN_POLICY));
    fc.assert(
      fc.property(hostilePolicies, ([policy, exposed]) => {
        const text = render('caddy', policy);
        expect(shape(text)).toEqual(benign);
        // Caddy puts variables of the environment in before it reads a word.
        expect(text).not.toContain('{$');
        const lines = read(text);
        const start = lines.findIndex(([word, , to]) => word === 'map' && to === '{mcp_expose_headers}');
        expect(lines[start + 1]?.[1]?.endsWith(exposed.join(', '))).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('a word is read as what it was made of', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: fc.constantFrom(...'\\`"\'${}# \t-ab.~') }), (text) => {
        fc.pre(!(text.includes('`') && text.includes('\\')));
        expect(read(`x ${quoted(text)}\n`)).toEqual([['x', text]]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('an expression matches the same whatever quotes it holds', () => {
    const expression = '^[`"\'|]+`"(?:\\{$|\\\\{2}|$)';
    const [[, word = ''] = []] = read(`x ${matching(expression)}\n`);
    expect(word.startsWith('~')).toBe(true);
    expect(word).not.toContain('{$');
    for (const text of ['`"', '|`"', "'`", '\\`"', '``"{', '``"\\\\', '``"\\{'])
      expect(new RegExp(word.slice(1)).test(text), text).toBe(new RegExp(expression).test(text));
  });

  test('a word that the grammar cannot hold is never written as another', () => {
    expect(() => quoted('a`b\\')).toThrow(/both backquotes and backslashes/);
  });

  test('other names give other placeholders and matchers', () => {
    const config = { origins: 'https://app.example.com' };
    const renamed = render('caddy', config, { name: 'xyz' });
    expect(renamed).not.toMatch(/[{@]mcp_/);
    expect(renamed.replaceAll('xyz', 'mcp')).toBe(render('caddy', config));
  });

  test('streams end at the server with the page', () => {
    // Caddy takes -1 as not to tell the server when a client goes; events are passed on at once without it.
    expect(render('caddy', { origins: 'https://app.example.com' })).not.toMatch(/^\s*flush_interval/m);
  });
});
