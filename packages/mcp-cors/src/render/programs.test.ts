import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostilePolicies } from '../../../../test/fixtures/hostilePolicies.js';
import { string as csharpString } from './csharp/literals.js';
import { render } from './index.js';
import { comment, createArrays, string as javaString } from './java/literals.js';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '"',
        "'",
        '\\',
        '\\u000a',
        '\\u0022',
        '\n',
        '\0',
        '7',
        '*/',
        '//',
        'é',
        '\u2028',
        '\ud800',
      ),
    )
    .map((parts) => parts.join('')),
);

/** What both languages say of a text between quotation marks: undefined where it would end, or is no escape of theirs. */
function readLiteral(source: string, octal: boolean): string | undefined {
  let read = '';
  let at = 1;
  if (source[0] !== '"' || !/^[ -~]*$/.test(source)) return undefined;
  while (source[at] !== '"') {
    const found = /^\\(?:(["\\])|u([0-9a-f]{4})|([0-3][0-7]{2}))/.exec(source.slice(at, at + 6));
    if (source[at] === undefined || (source[at] === '\\' && found === null)) return undefined;
    const [whole = source[at] as string, plain, unicode, code] = found ?? [];
    if (code !== undefined && !octal) return undefined;
    if (unicode !== undefined) read += String.fromCharCode(Number.parseInt(unicode, 16));
    else if (code !== undefined) read += String.fromCharCode(Number.parseInt(code, 8));
    else read += plain ?? whole;
    at += whole.length;
  }
  return at === source.length - 1 ? read : undefined;
}

/** Whether Java would put a quotation mark, a backslash or a line end there before it looks for literals and comments. */
function hidesSign(source: string): boolean {
  return [...source.matchAll(/\\u+([0-9a-fA-F]{4})?/g)].some(
    ([, code]) => code === undefined || Number.parseInt(code, 16) < 0x100,
  );
}

describe('literals of programs', () => {
  test('of Java say what they stand for, and hide nothing from it', () => {
    fc.assert(
      fc.property(text, (one) => {
        const source = javaString(one);
        expect(readLiteral(source, true)).toBe(one);
        expect(hidesSign(source.replaceAll('\\\\', '  '))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of C# say what they stand for', () => {
    fc.assert(
      fc.property(text, (one) => {
        expect(readLiteral(csharpString(one), false)).toBe(one);
      }),
      { numRuns: 2_000 },
    );
  });

  test('comments of Java stay on their line', () => {
    fc.assert(
      fc.property(text, (one) => {
        const source = comment(one);
        expect(source).toMatch(/^\/\/ [ -~]*$/);
        expect(source).not.toMatch(/\\u/);
      }),
      { numRuns: 2_000 },
    );
    expect(comment('/^https:\\/\\/\\u000aSystem.exit(1)$/')).toBe(
      '// /^https:\\/\\/\\ u000aSystem.exit(1)$/',
    );
  });

  test('of more texts than a class of Java holds stand in several', () => {
    const arrays = createArrays();
    const parts = arrays.parts(
      'Origins',
      Array.from({ length: 9_000 }, (_, i) => `https://${i}.example`),
    );
    expect(parts).toBe('Origins1.TEXTS, Origins2.TEXTS, Origins3.TEXTS');
    expect(arrays.classes().match(/"https:/g)).toHaveLength(9_000);
    expect(javaString('x'.repeat(50_000))).toMatch(
      /^String\.join\("", "x{20000}", "x{20000}", "x{10000}"\)$/,
    );
  });
});

describe.each(['spring', 'aspnet'])('%s', (target) => {
  test('is the same twice, names no secret, and says where it belongs', () => {
    const secret = 'a secret that has to stay out of source files';
    const config = { origins: ['https://app.example.com'], sessions: { secret } };
    const output = render(target, config);
    expect(render(target, config)).toBe(output);
    expect(output).not.toContain(secret);
    const said = (text: string): boolean =>
      text.replaceAll('\n//', '').includes('MCP_CORS_SESSION_SECRETS, which is not in this file');
    expect(said(output)).toBe(true);
    expect(said(render(target, { origins: config.origins }))).toBe(false);
  });

  test('has the same code whatever the policy is, and nothing but ASCII', () => {
    const codeOf = (output: string): string => output.slice(output.indexOf('// ---- The decision'));
    const plain = codeOf(render(target, { origins: ['https://plain.example'] }));
    expect(plain.length).toBeGreaterThan(20_000);
    fc.assert(
      fc.property(hostilePolicies, ([policy]) => {
        const output = render(target, policy);
        expect(codeOf(output)).toBe(plain);
        expect(output).toMatch(/^[ -~\n]*$/);
      }),
      { numRuns: 50 },
    );
  });
});
