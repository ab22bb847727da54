import { describe, expect, test } from 'vitest';
import type { Expression } from '../policy/automaton.js';
import { parseExpression } from '../policy/regexp.js';
import { deterministic, isAmbiguous } from './ambiguity.js';

const treeOf = (source: string): Expression => parseExpression(`^${source}$`, '') as Expression;

const AMBIGUOUS = [
  '(a+)+x',
  '(a*)*x',
  '(a*b*)*x',
  '([a-z]+-?)+\\.com',
  '((ab)+)+x',
  '(a|a)*x',
  '(a|[a-c])*x',
  '([a-z]+\\.?)+example\\.com',
];
const UNAMBIGUOUS = [
  'abc',
  '([a-z0-9-]+\\.)*example\\.com',
  '[a-z]+(-[a-z]+)*\\.com',
  'https?:\\/\\/localhost(:\\d+)?',
  '(a|b)*x',
  '[a-f0-9]{4,8}',
];

describe('what can be matched in exponentially many ways', () => {
  test.each(AMBIGUOUS)('%s is found', (source) => {
    expect(isAmbiguous(treeOf(source))).toBe(true);
  });
  test.each(UNAMBIGUOUS)('%s is none of it', (source) => {
    expect(isAmbiguous(treeOf(source))).toBe(false);
  });
});

describe('the deterministic form', () => {
  const words = [...'abx-.c'];
  const texts = [''];
  for (let i = 0; texts.length < 10_000; i++) texts.push(...words.map((word) => (texts[i] as string) + word));

  test.each([...AMBIGUOUS, ...UNAMBIGUOUS])('of %s matches the same, and in one way', (source) => {
    const made = deterministic(treeOf(source)) ?? '';
    const [wanted, found] = [new RegExp(`^(?:${source})$`), new RegExp(`^(?:${made})$`)];
    for (const text of texts) expect(found.test(text), `${text} by ${made}`).toBe(wanted.test(text));
    const remade = parseExpression(`^${made}$`, '') as Expression;
    // For long ones the search gives up, and says that they are.
    if (made.length < 300) expect(isAmbiguous(remade), made).toBe(false);
    // A matcher that tries one way after the other would not come back from these.
    for (const unit of ['a', 'ab', 'a-', 'a.', 'b', 'abc', 'example.', 'e', 'x'])
      for (const end of ['', '!', '_example.com'])
        expect(found.test(`${unit.repeat(300)}${end}`)).toBe(false);
  });

  test('does not grow without bound', () => {
    const source = '(a|b)*a(a|b){7}(a|b|-)*(x|a)+(a|x)+';
    expect(deterministic(treeOf(source))?.length ?? 0).toBeLessThan(8_192);
  });
});
