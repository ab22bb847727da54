import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { substitute } from './references.js';

const ENVIRONMENT = { NAME: 'value', EMPTY: '', NESTED: '${NAME}', YAML: '\n- x: [1' };

describe('references', () => {
  test.each([
    ['plain', 'plain'],
    ['${NAME}', 'value'],
    ['a-${NAME}-${NAME}-b', 'a-value-value-b'],
    ['${NOT_SET:-8808}', '8808'],
    ['${EMPTY:-8808}', '8808'],
    ['${EMPTY}', ''],
    ['${NOT_SET:-}', ''],
    ['${NAME:-x}', 'value'],
    ['$${NAME}', '${NAME}'],
    ['$$${NAME}', '$${NAME}'],
    ['${NESTED}', '${NAME}'],
    ['${YAML}', '\n- x: [1'],
    ['/^https:\\/\\/a\\.example$/', '/^https:\\/\\/a\\.example$/'],
    ['$NAME $ {NAME} $}', '$NAME $ {NAME} $}'],
  ])('%j becomes %j', (text, expected) => {
    expect(substitute(text, ENVIRONMENT)).toMatchObject({ text: expected, missing: [], faulty: [] });
  });

  test.each(['${', '${}', '${NAME', '${1A}', '${A-B}', '${NAME:=x}', '${NAME :-x}', '${ NAME }', 'a${b.c}d'])(
    '%j is none',
    (text) => {
      expect(substitute(text, ENVIRONMENT)).toMatchObject({ text, names: [], missing: [] });
      expect(substitute(text, ENVIRONMENT).faulty).toHaveLength(1);
    },
  );

  test('to variables that are not set are named', () => {
    expect(substitute('${A}${NAME}${B}', ENVIRONMENT)).toEqual({
      text: '${A}value${B}',
      whole: false,
      names: ['NAME'],
      missing: ['A', 'B'],
      faulty: [],
    });
  });

  test('that are the whole text are told from others', () => {
    expect(substitute('${NAME}', ENVIRONMENT).whole).toBe(true);
    expect(substitute('${NAME} ', ENVIRONMENT).whole).toBe(false);
    expect(substitute('$${NAME}', ENVIRONMENT).whole).toBe(false);
  });

  test('leave any text alone that has none, and take any value as it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (text, value) => {
        fc.pre(!text.includes('${'));
        expect(substitute(text, {}).text).toBe(text);
        expect(substitute(`${'${A}'}${text.replaceAll('$', '')}`, { A: value }).text).toBe(
          value + text.replaceAll('$', ''),
        );
      }),
    );
  });
});
