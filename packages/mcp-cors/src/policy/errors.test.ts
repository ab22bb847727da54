import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import { POLICY_ISSUES, PolicyConfigError, type PolicyIssueCode, policyIssue, quote } from './errors.js';

describe('POLICY_ISSUES', () => {
  test.each(Object.entries(POLICY_ISSUES))('%s has a stable shape, a message and a remedy', (code, issue) => {
    expect(code).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
    expect(issue.message).toMatch(/^[^A-Z].*[^.]$/s); // goes into a sentence
    expect(issue.remedy).toMatch(/^[A-Z].*\.$/s);
  });
});

describe('policyIssue', () => {
  it('carries code, place, value, message and remedy, and is frozen', () => {
    const issue = policyIssue('origin-syntax', 'origins[2]', 'x y');
    expect(issue).toEqual({
      code: 'origin-syntax',
      path: 'origins[2]',
      value: 'x y',
      message: `${POLICY_ISSUES['origin-syntax'].message} ('x y')`,
      remedy: POLICY_ISSUES['origin-syntax'].remedy,
    });
    expect(Object.isFrozen(issue)).toBe(true);
  });

  it('takes a detail and a remedy of its own', () => {
    const issue = policyIssue('wrong-type', 'credentials', 1, {
      detail: 'true or false is expected',
      remedy: 'Do.',
    });
    expect(issue.message).toBe(`${POLICY_ISSUES['wrong-type'].message}: true or false is expected`);
    expect(issue.remedy).toBe('Do.');
  });

  it('shows no more than a bit of a hostile value', () => {
    const { message } = policyIssue('origin-syntax', 'origins', `\u001b[31m\r\n${'x'.repeat(10_000)}`);
    expect(message.length).toBeLessThan(300);
    expect(message).toContain('\\x1b[31m\\x0d\\x0a');
  });
});

describe('PolicyConfigError', () => {
  const issues = (...codes: PolicyIssueCode[]) =>
    codes.map((code, i) => policyIssue(code, `origins[${i}]`, i));

  it('is an error with a code, a name, and every issue in its message', () => {
    const error = new PolicyConfigError(issues('origin-syntax', 'origin-null'));
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('PolicyConfigError');
    expect(error.code).toBe('ERR_POLICY_CONFIG');
    expect(error.message).toContain('2 problems');
    for (const [i, code] of (['origin-syntax', 'origin-null'] as const).entries()) {
      expect(error.message).toContain(
        `origins[${i}]: ${POLICY_ISSUES[code].message}. ${POLICY_ISSUES[code].remedy}`,
      );
    }
    expect(error.message.split('\n')).toHaveLength(3); // a line for each, below the first
    expect(error.stack).toContain('PolicyConfigError');
  });

  it('counts one problem as one, and names the policy where there is no place', () => {
    const error = new PolicyConfigError([policyIssue('config-not-object', '', null)]);
    expect(error.message).toContain('1 problem:');
    expect(error.message).toContain(`policy: ${POLICY_ISSUES['config-not-object'].message}`);
  });

  it('keeps its issues when the list that it was given changes', () => {
    const list = issues('origin-syntax');
    const error = new PolicyConfigError(list);
    list.pop();
    expect(error.issues).toHaveLength(1);
    expect(Object.isFrozen(error.issues)).toBe(true);
  });
});

describe('quote', () => {
  test.each([
    ['plain', "'plain'"],
    ['', "''"],
    ['a\nb', "'a\\x0ab'"],
    ['\0\x1f\x7f', "'\\x00\\x1f\\x7f'"],
    ['\u001b]0;title\u0007', "'\\x1b]0;title\\x07'"],
    [' ~', "' ~'"],
    ['\u0080\u009f', "'\\x80\\x9f'"],
    ['\u00a0bücher', "'\u00a0bücher'"],
    ['x'.repeat(80), `'${'x'.repeat(80)}'`],
    ['x'.repeat(81), `'${'x'.repeat(77)}...'`],
  ])('%j becomes %s', (text, quoted) => {
    expect(quote(text)).toBe(quoted);
  });

  test('what it gives is short and has no control characters, C1 included', () => {
    fc.assert(
      fc.property(anyText(200), (text) => {
        const quoted = quote(text);
        expect(quoted.length).toBeLessThanOrEqual(80 * 4 + 2);
        expect(quoted).not.toMatch(/\p{Cc}/u);
      }),
    );
    expect(quote('a\u009b31mb')).not.toMatch(/\p{Cc}/u); // CSI in one character
  });
});
