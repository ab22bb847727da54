import { describe, expect, test } from 'vitest';
import { checkCors } from './corsCheck.js';

const ORIGIN = 'http://web-platform.test:8000';
const allow = (...values: readonly string[]) =>
  values.map((value) => ['Access-Control-Allow-Origin', value] as const);

// The values of web-platform-tests: cors/origin.
describe('Access-Control-Allow-Origin', () => {
  test.each(['*', ' *  ', '\t*', ORIGIN, ` ${ORIGIN}`, ` ${ORIGIN}   \t `, `\t${ORIGIN}`])(
    '%j passes',
    (value) => {
      expect(checkCors(allow(value), ORIGIN, 'same-origin')).toBeUndefined();
    },
  );

  test.each<[value: string, error: string]>([
    ['http://www1.web-platform.test:8000', 'AllowOriginMismatch'],
    ['//web-platform.test:8000', 'InvalidAllowOriginValue'],
    ['://web-platform.test:8000', 'InvalidAllowOriginValue'],
    ['ftp://web-platform.test:8000', 'AllowOriginMismatch'],
    ['http:://web-platform.test:8000', 'InvalidAllowOriginValue'],
    ['http:/web-platform.test:8000', 'AllowOriginMismatch'],
    ['http:web-platform.test:8000', 'AllowOriginMismatch'],
    ['web-platform.test:8000', 'AllowOriginMismatch'],
    [`${ORIGIN}?`, 'AllowOriginMismatch'],
    [`${ORIGIN}/`, 'AllowOriginMismatch'],
    [`${ORIGIN} /`, 'MultipleAllowOriginValues'],
    [`${ORIGIN}#`, 'AllowOriginMismatch'],
    [`${ORIGIN}%23`, 'InvalidAllowOriginValue'],
    [`${ORIGIN}:80`, 'InvalidAllowOriginValue'],
    [`${ORIGIN}, *`, 'MultipleAllowOriginValues'],
    [ORIGIN.toUpperCase(), 'AllowOriginMismatch'],
    ['HTTP://web-platform.test:8000', 'AllowOriginMismatch'],
    ['-', 'InvalidAllowOriginValue'],
    ['**', 'InvalidAllowOriginValue'],
    ["'*'", 'InvalidAllowOriginValue'],
    ['"*"', 'InvalidAllowOriginValue'],
    ['* *', 'MultipleAllowOriginValues'],
    ['* null', 'MultipleAllowOriginValues'],
    ['*http://*', 'InvalidAllowOriginValue'],
    [`*${ORIGIN}`, 'InvalidAllowOriginValue'],
    [`* ${ORIGIN}`, 'MultipleAllowOriginValues'],
    [`*, ${ORIGIN}`, 'MultipleAllowOriginValues'],
    [`null ${ORIGIN}`, 'MultipleAllowOriginValues'],
    ['http://example.net', 'AllowOriginMismatch'],
    ['null', 'AllowOriginMismatch'],
    ['NULL', 'InvalidAllowOriginValue'],
    ['null *', 'MultipleAllowOriginValues'],
    ['', 'InvalidAllowOriginValue'],
    ['.web-platform.test', 'InvalidAllowOriginValue'],
    ['*.web-platform.test', 'InvalidAllowOriginValue'],
    ['http://*.web-platform.test', 'AllowOriginMismatch'],
    ['http://h\u00e9', 'InvalidAllowOriginValue'],
  ])('%j does not: %s', (value, error) => {
    expect(checkCors(allow(value), ORIGIN, 'omit')).toEqual({ error, parameter: value.trim() });
  });

  test.each([
    ['', '*'],
    ['*', ''],
    ['*', '*'],
    ['', ORIGIN],
    ['*', ORIGIN],
    [ORIGIN, ORIGIN],
  ])('in two lines, %j and %j, does not', (first, second) => {
    expect(checkCors(allow(first, second), ORIGIN, 'omit')).toEqual({
      error: 'MultipleAllowOriginValues',
      parameter: `${first}, ${second}`,
    });
  });

  test('missing does not', () => {
    expect(checkCors([], ORIGIN, 'omit')).toEqual({ error: 'MissingAllowOriginHeader' });
  });

  test('null passes for an opaque origin', () => {
    expect(checkCors(allow('null'), 'null', 'omit')).toBeUndefined();
  });
});

describe('with credentials', () => {
  const check = (...lines: readonly (readonly [string, string])[]) =>
    checkCors([...allow(ORIGIN), ...lines], ORIGIN, 'include');

  test('* does not pass, whatever else is said', () => {
    const lines = [...allow('*'), ['access-control-allow-credentials', 'true']] as const;
    expect(checkCors(lines, ORIGIN, 'include')).toEqual({ error: 'WildcardOriginNotAllowed' });
  });

  test('true passes, in any case of the name and with white space around it', () => {
    expect(check(['Access-CONTROL-Allow-Credentials', ' true\t'])).toBeUndefined();
  });

  test('missing does not pass', () => {
    expect(check()).toEqual({ error: 'InvalidAllowCredentials', parameter: undefined });
  });

  test.each(['True', 'TRUE', 'false', '1', '', '"true"', 'true, true'])('%j does not pass', (value) => {
    const fault = { error: 'InvalidAllowCredentials', parameter: value };
    expect(check(['access-control-allow-credentials', value])).toEqual(fault);
  });

  test('the value is of no interest without credentials', () => {
    for (const mode of ['omit', 'same-origin'] as const) {
      expect(checkCors(allow(ORIGIN), ORIGIN, mode)).toBeUndefined();
    }
  });
});
