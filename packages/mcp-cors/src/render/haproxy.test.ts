import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BENIGN_POLICY, hostilePolicies } from '../../../../test/fixtures/hostilePolicies.js';
import { acl, format, quoted } from './haproxy/syntax.js';
import { render } from './index.js';

/** Reads a line as HAProxy does (parse_line in tools.c): words, both quotes, escapes, comments; no variables. */
function words(line: string): readonly string[] {
  const found: string[] = [];
  let at = 0;
  let word: string | undefined;
  const add = (text: string): void => {
    word = (word ?? '') + text;
  };
  while (at < line.length) {
    const sign = line.charAt(at++);
    if (sign === "'") {
      const end = line.indexOf("'", at);
      if (end === -1) throw new Error(`unmatched quote: ${line}`);
      add(line.slice(at, end));
      at = end + 1;
    } else if (sign === '"' || sign === '$') {
      throw new Error(`HAProxy would look for a variable: ${line}`);
    } else if (sign === '\\') {
      const code = /^(?:x[0-9a-f]{2}|['"# \\])/.exec(line.slice(at))?.[0];
      if (code === undefined) throw new Error(`an escape that HAProxy does not know: ${line}`);
      add(code.length === 1 ? code : String.fromCharCode(Number.parseInt(code.slice(1), 16)));
      at += code.length;
    } else if (/\s/.test(sign)) {
      if (word !== undefined) found.push(word);
      word = undefined;
    } else if (sign === '#') {
      break;
    } else {
      add(sign);
    }
  }
  if (word !== undefined) found.push(word);
  return found;
}

function read(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .map(words)
    .filter(({ length }) => length > 0);
}

/** The shape of a configuration without its values: the first words of each line, and how many there are. */
function shape(text: string): unknown {
  return read(text).map((line) => [...line.slice(0, 2), line.length]);
}

const anySigns = fc.string({ unit: fc.constantFrom(..."\\\\''\"$%#{}() \t\n\r\0ntrx0.-ab}"), minLength: 1 });

describe('haproxy', () => {
  test('no value breaks out of its place', () => {
    const benign = shape(render('haproxy', BENIGN_POLICY));
    fc.assert(
      fc.property(hostilePolicies, ([policy, exposed]) => {
        const text = render('haproxy', policy);
        expect(shape(text)).toEqual(benign);
        const shown = read(text)
          .filter(([, , header]) => header === 'Access-Control-Expose-Headers')
          .map(([, , , value]) => value?.replaceAll('%%', '%'));
        expect(shown.length).toBeGreaterThan(0);
        expect(shown.some((value) => value?.endsWith(exposed.join(', ')))).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('a word is read as what it was made of', () => {
    fc.assert(
      fc.property(anySigns, (text) => {
        const line = `x ${quoted(text)} y`;
        expect(line).not.toMatch(/[^ -~]/);
        expect(words(line)).toEqual(['x', text, 'y']);
        const [, formatted = ''] = words(`x ${format(text)}`);
        expect(formatted.replaceAll('%%', '')).not.toContain('%');
        expect(formatted.replaceAll('%%', '%')).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test('no line has more words than HAProxy takes, and none of many values is lost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (count) => {
        const values = Array.from({ length: count }, (_, i) => `https://a${i}.example`);
        const lines = acl('name', 'path', 'str', values).map(words);
        expect(Math.max(0, ...lines.map(({ length }) => length))).toBeLessThanOrEqual(64);
        expect(lines.flatMap((line) => line.slice(6))).toEqual(values);
        expect(lines.every((line) => line.slice(0, 6).join(' ') === 'acl name path -m str --')).toBe(true);
      }),
    );
  });

  test('other names give other variables, conditions and sections', () => {
    const config = { origins: 'https://app.example.com' };
    const text = render('haproxy', config);
    const renamed = render('haproxy', config, { name: 'xyz' });
    expect(renamed).not.toMatch(/txn\.mcp|acl mcp|(?:frontend|backend|defaults) mcp/);
    expect(renamed.replaceAll('xyz', 'mcp')).toBe(text);
  });
});
