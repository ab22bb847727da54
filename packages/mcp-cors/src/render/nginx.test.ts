import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BENIGN_POLICY, hostilePolicies } from '../../../../test/fixtures/hostilePolicies.js';
import { createPolicy } from '../policy/index.js';
import { render } from './index.js';
import { quoted, value } from './nginx/syntax.js';

interface Statement {
  readonly words: readonly string[];
  readonly block: readonly Statement[] | undefined;
}

/** Reads a configuration as nginx does (ngx_conf_file.c): words, quotes, escapes, comments, blocks. */
function read(text: string): readonly Statement[] {
  let at = 0;
  const space = (): void => {
    for (;;) {
      while (/\s/.test(text.charAt(at))) at++;
      if (text[at] !== '#') return;
      while (at < text.length && text[at] !== '\n') at++;
    }
  };
  const word = (): string => {
    const quote = /["']/.test(text.charAt(at)) ? text.charAt(at++) : '';
    let result = '';
    for (;;) {
      const character = text[at];
      if (character === undefined) throw new Error('the configuration ends within a word');
      if (character === '\\') {
        const next = text.charAt(at + 1);
        const escaped = { '"': '"', "'": "'", '\\': '\\', t: '\t', r: '\r', n: '\n' }[next];
        result += escaped ?? `\\${next}`;
        at += 2;
      } else if (quote === '' ? /[\s;{]/.test(character) && !result.endsWith('$') : character === quote) {
        if (quote !== '') at++;
        if (quote !== '' && !/[\s;{)]/.test(text.charAt(at)))
          throw new Error(`a word goes on behind its quote: ${result}`);
        return result;
      } else {
        result += character;
        at++;
      }
    }
  };
  const statements = (inside: boolean): Statement[] => {
    const found: Statement[] = [];
    for (;;) {
      space();
      if (at >= text.length || text[at] === '}') {
        if (inside !== (text[at] === '}')) throw new Error('braces do not match');
        at++;
        return found;
      }
      const words: string[] = [];
      while (!/[;{]/.test(text.charAt(at))) {
        words.push(word());
        space();
      }
      const block = text[at++] === '{' ? statements(true) : undefined;
      found.push({ words, block });
    }
  };
  return statements(false);
}

/** The shape of a configuration without its values: directives by name, entries of maps by their number of words. */
function shape(statements: readonly Statement[], within = ''): unknown {
  return statements.map(({ words, block }) => [
    within === 'map' ? '' : words[0],
    words.length,
    block && shape(block, words[0]),
  ]);
}

describe('nginx', () => {
  test('no value breaks out of its place', () => {
    const benign = shape(read(render('nginx', BENIGN_POLICY)));
    fc.assert(
      fc.property(hostilePolicies, ([config, exposed]) => {
        const statements = read(render('nginx', config)).filter(({ words }) => words[0] !== 'geo');
        expect(shape(statements)).toEqual(benign);
        const shown = statements
          .find(({ words }) => words[2] === '$mcp_expose_headers')
          ?.block?.map(({ words }) => words[1]?.replaceAll(`\${mcp_dollar}`, '$'));
        expect(shown?.some((one) => one?.endsWith(exposed.join(', ')))).toBe(true);
        // nginx reads $ in values alone; there it must come from the variable.
        for (const { words, block } of statements) {
          if (words[0] !== 'map' || !/expose|allow_methods|explained_headers/.test(words[2] ?? '')) continue;
          for (const entry of block ?? [])
            expect(entry.words[1]).not.toMatch(/\$(?!\{mcp_dollar\}|\{mcp_asked\})/);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('a quoted word is read as what it was made of', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: fc.constantFrom(..."\\\\\"''$;{}# \t\nntr.ab") }),
        (text) => {
          expect(read(`x ${quoted(text)};`)).toEqual([{ words: ['x', text], block: undefined }]);
          const [statement] = read(`x ${value(text, 'n')};`);
          expect(statement?.words[1]?.replaceAll(`\${n_dollar}`, '$')).toBe(text);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('the same policy gives the same text, and other names give other variables', () => {
    const config = { origins: 'https://app.example.com' };
    const text = render('nginx', config);
    expect(render('nginx', createPolicy(config))).toBe(text);
    const renamed = render('nginx', config, { name: 'xyz' });
    expect(renamed).not.toMatch(/\$mcp_/);
    expect(renamed.replaceAll('xyz', 'mcp')).toBe(text);
  });

  test('secrets of a policy are not in its output', () => {
    const secret = 'a secret of more than thirty-two characters';
    const text = render(
      'nginx',
      { origins: 'https://a.example', sessions: { secret } },
      { allowWeaker: true },
    );
    expect(text).not.toContain(secret);
  });
});
