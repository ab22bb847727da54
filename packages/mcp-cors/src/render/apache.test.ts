import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BENIGN_POLICY, hostilePolicies } from '../../../../test/fixtures/hostilePolicies.js';
import { format, jsonText, pattern, quoted } from './apache/syntax.js';
import { render } from './index.js';

/** Reads a word as Apache does (ap_getword_conf): within quotes a backslash takes a backslash or the quote as it is. */
function words(line: string): readonly string[] {
  const found: string[] = [];
  let rest = line.trim();
  while (rest !== '') {
    const quote = rest.startsWith('"') ? '"' : '';
    const word = (quote === '' ? /^[^\s]+/ : /^"((?:\\["\\]|[^"])*)"(?=\s|$)/).exec(rest);
    if (word === null) throw new Error(`a word without an end: ${rest}`);
    found.push(quote === '' ? word[0] : (word[1] as string).replaceAll(/\\(["\\])/g, '$1'));
    rest = rest.slice(word[0].length).trim();
  }
  return found;
}

/** Reads a line as mod_rewrite does (parseargline): nothing escapes a quote. */
function rawWords(line: string): readonly string[] {
  return [...line.trim().matchAll(/"([^"]*)"(?=\s|$)|'([^']*)'(?=\s|$)|([^\s"']+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

const lines = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));

/** The shape of a configuration without its values: what each line begins with, and how many words it has. */
function shape(text: string): unknown {
  return lines(text)
    .filter((line) => !line.startsWith('Define '))
    .map((line) => (/^\s*Rewrite(?:Cond|Rule) /.test(line) ? rawWords(line) : words(line)))
    .map((line) => [line[0], line.length]);
}

const anySigns = fc.string({ unit: fc.constantFrom(..."\\\\''\"$${%#{}() \tntrx0.-ab}"), minLength: 1 });
/** Expressions as the plan makes them of texts. */
const expressions = anySigns.map((text) => text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&'));

describe('apache', () => {
  test('no value breaks out of its place', () => {
    const benign = shape(render('apache', BENIGN_POLICY));
    fc.assert(
      fc.property(hostilePolicies, ([policy, exposed]) => {
        const text = render('apache', policy);
        expect(shape(text)).toEqual(benign);
        for (const line of lines(text)) expect(line).not.toMatch(/\$\{(?!MCP_CORS_DOLLAR\})|\\$/);
        const shown = lines(text)
          .map(words)
          .filter(([, , , header]) => header === 'Access-Control-Expose-Headers')
          .map(([, , , , value]) => value?.replaceAll('%%', '%'));
        expect(shown.some((value) => value?.endsWith(exposed.join(', ')))).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  test('a quoted word is read as what it was made of', () => {
    fc.assert(
      fc.property(anySigns, (text) => {
        const plain = text.replaceAll('\t', '?');
        const resolved = (line: string): string => {
          expect(line).not.toMatch(/\$\{(?!MCP_CORS_DOLLAR\})/);
          return line.replaceAll(`\${MCP_CORS_DOLLAR}`, '$');
        };
        expect(words(resolved(`x ${quoted(text)} y`))).toEqual(['x', plain, 'y']);
        const [, formatted] = words(resolved(`x ${format(text)} y`));
        expect(formatted?.replaceAll('%%', '%')).toBe(plain);
      }),
      { numRuns: 2_000 },
    );
  });

  test('an expression in a rule matches what it matched, and stays one word', () => {
    fc.assert(
      fc.property(expressions, anySigns, (expression, other) => {
        const word = pattern(`^${expression}$`);
        expect(word).not.toContain('${');
        const [, read = ''] = rawWords(`x ${word} y`);
        expect(rawWords(`x ${word} y`)).toHaveLength(3);
        const text = expression.replaceAll(/\\([\\^$.|?*+()[\]{}])/g, '$1').replaceAll('\t', '?');
        expect(new RegExp(read).test(text)).toBe(true);
        expect(new RegExp(read).test(other)).toBe(other.replaceAll('\t', '\n') === text);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a JSON text in a condition stays one word and means the same', () => {
    fc.assert(
      fc.property(anySigns, (text) => {
        const word = jsonText(JSON.stringify(text));
        const read = rawWords(`x ${word} y`);
        expect(read).toHaveLength(3);
        // mod_rewrite takes the sign behind a backslash as it is, and reads variables at % and $.
        const expanded = (read[1] ?? '').replaceAll(
          /\\(.)|[%$]/g,
          (_, sign?: string) => sign ?? '<variable>',
        );
        expect(JSON.parse(expanded)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
