import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import {
  type AllowedHeaders,
  CORS_RESPONSE_HEADERS,
  FORBIDDEN_METHODS,
  FORBIDDEN_REQUEST_HEADER_PREFIXES,
  FORBIDDEN_RESPONSE_HEADERS,
  findRefusedHeader,
  isForbiddenRequestHeader,
  isJsonContentType,
  isToken,
  MALFORMED_LIST,
  MAX_HEADER_NAME_LENGTH,
  MAX_LIST_LENGTH,
  MAX_REQUESTED_HEADERS,
  mergeVary,
  namesAllowedByPrefix,
  SAFELISTED_METHODS,
} from './headers.js';

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

describe('isToken', () => {
  test('every character of a byte is a token character or not, as RFC 9110 says', () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      expect([code, isToken(character)]).toEqual([code, TOKEN.test(character)]);
      expect([code, isToken(`a${character}b`)]).toEqual([code, TOKEN.test(character)]);
    }
  });

  test('any text', () => {
    expect(isToken('')).toBe(false);
    fc.assert(
      fc.property(anyText(20), (text) => {
        expect(isToken(text)).toBe(TOKEN.test(text));
      }),
    );
  });
});

describe('the lists of the Fetch standard', () => {
  // https://fetch.spec.whatwg.org/#forbidden-request-header
  test.each([
    'accept-charset',
    'accept-encoding',
    'access-control-request-headers',
    'access-control-request-method',
    'connection',
    'content-length',
    'cookie',
    'cookie2',
    'date',
    'dnt',
    'expect',
    'host',
    'keep-alive',
    'origin',
    'referer',
    'set-cookie',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
    'via',
    'proxy-authorization',
    'proxy-',
    'sec-fetch-site',
    'sec-ch-ua',
  ])('%s is a forbidden request header', (name) => {
    expect(isForbiddenRequestHeader(name)).toBe(true);
  });

  test.each([
    'authorization',
    'content-type',
    'user-agent',
    'accept',
    'last-event-id',
    'mcp-session-id',
    'x-forwarded-for',
    'proxy',
    'sec',
    'security',
    'cookies',
    'origin-trial',
    'constructor',
  ])('%s is not', (name) => {
    expect(isForbiddenRequestHeader(name)).toBe(false);
  });

  test('forbidden and safelisted methods, forbidden response headers', () => {
    expect([...FORBIDDEN_METHODS].toSorted()).toEqual(['CONNECT', 'TRACE', 'TRACK']);
    expect([...SAFELISTED_METHODS].toSorted()).toEqual(['GET', 'HEAD', 'POST']);
    expect([...FORBIDDEN_RESPONSE_HEADERS].toSorted()).toEqual(['set-cookie', 'set-cookie2']);
    expect([...FORBIDDEN_REQUEST_HEADER_PREFIXES].toSorted()).toEqual(['proxy-', 'sec-']);
  });

  test('the CORS response headers', () => {
    for (const name of ['origin', 'credentials', 'methods', 'headers']) {
      expect(CORS_RESPONSE_HEADERS).toContain(`access-control-allow-${name}`);
    }
    expect(CORS_RESPONSE_HEADERS).toContain('access-control-max-age');
    expect(CORS_RESPONSE_HEADERS).toContain('access-control-expose-headers');
    expect(CORS_RESPONSE_HEADERS.every((name) => name.startsWith('access-control-'))).toBe(true);
    expect(Object.isFrozen(CORS_RESPONSE_HEADERS)).toBe(true);
  });
});

const ALLOWED: AllowedHeaders = {
  names: new Set(['accept', 'content-type', 'mcp-session-id']),
  prefixes: ['mcp-param-'],
  any: false,
};
const ANY: AllowedHeaders = { names: new Set(['authorization']), prefixes: [], any: true };
const empty = (count: number): string => ','.repeat(count);

describe('findRefusedHeader', () => {
  test.each([
    ['one name', 'accept'],
    ['a list as browsers send it', 'accept,content-type,mcp-session-id'],
    ['a list with a space after each comma', 'accept, content-type, mcp-session-id'],
    ['a space on both sides', 'accept , content-type'],
    ['two spaces before a name', 'accept,  content-type'],
    ['two spaces behind a name', 'accept  ,content-type'],
    ['tabs', 'accept,\t\tcontent-type'],
    ['white space around the whole', ' accept '],
    ['another order', 'mcp-session-id,accept,content-type'],
    ['upper case', 'ACCEPT,Content-Type'],
    ['a repeated name', 'accept,accept'],
    ['an empty element', 'accept,,content-type'],
    ['an element of two spaces', 'accept,  ,content-type'],
    ['sixteen empty elements', `accept${empty(16)}`],
    ['a name of the prefix', 'mcp-param-x'],
    ['a name of the prefix in another case', 'Mcp-Param-Region'],
    ['the longest name of the prefix', `mcp-param-${'x'.repeat(MAX_HEADER_NAME_LENGTH - 10)}`],
    ['the most names', Array.from({ length: MAX_REQUESTED_HEADERS }, (_, i) => `mcp-param-${i}`).join(',')],
  ])('allows %s', (_, value) => {
    expect(findRefusedHeader(value, ALLOWED)).toBeUndefined();
  });

  test.each([
    ['x-evil', 'x-evil'],
    ['accept,x-evil', 'x-evil'],
    ['X-Evil', 'X-Evil'],
    ['x-evil,accept', 'x-evil'],
    ['accept,x-evil,y-evil', 'x-evil'],
    ['mcp-param-', 'mcp-param-'],
    ['mcp-param', 'mcp-param'],
    ['xmcp-param-a', 'xmcp-param-a'],
    ['accep', 'accep'],
    ['accept-', 'accept-'],
    ['accept-language', 'accept-language'],
    ['*', '*'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    [' x-evil ', 'x-evil'],
  ])('in %j refuses %s', (value, refused) => {
    expect(findRefusedHeader(value, ALLOWED)).toBe(refused);
  });

  test.each([
    ['three bytes of white space before a name', 'accept,   content-type'],
    ['three bytes of white space behind a name', 'accept   ,content-type'],
    ['an element of three spaces', 'accept,   ,content-type'],
    ['three bytes of white space around a name', 'accept,  content-type '],
    ['white space within a name', 'content type'],
    ['a semicolon', 'accept;content-type'],
    ['a colon', 'accept: x'],
    ['quotes', '"accept"'],
    ['a line feed', 'accept\ncontent-type'],
    ['a carriage return and a line feed', 'accept\r\n x: y'],
    ['a NUL', 'accept\0'],
    ['a letter beyond ASCII', 'accépt'],
    ['seventeen empty elements', `accept${empty(17)}`],
    ['129 names', Array.from({ length: MAX_REQUESTED_HEADERS + 1 }, (_, i) => `mcp-param-${i}`).join(',')],
    ['100 kB of commas', empty(100_000)],
    ['100 kB of spaces', ' '.repeat(100_000)],
    ['100 kB of one name', 'a'.repeat(100_000)],
    ['10,000 times an allowed name', Array.from({ length: 10_000 }, () => 'accept').join(',')],
  ])('calls a list with %s malformed', (_, value) => {
    expect(findRefusedHeader(value, ALLOWED)).toBe(MALFORMED_LIST);
  });

  test.each([
    ['x-anything', undefined],
    ['authorization,x-y', undefined],
    ['cookie', 'cookie'],
    ['Sec-Fetch-Site', 'Sec-Fetch-Site'],
    ['x-a,proxy-b', 'proxy-b'],
    ['x a', MALFORMED_LIST],
  ])('where any name is allowed, %j gives %s', (value, refused) => {
    expect(findRefusedHeader(value, ANY)).toBe(refused);
  });

  it('refuses a name of 129 characters, unless the owner named it', () => {
    const name = `mcp-param-${'x'.repeat(MAX_HEADER_NAME_LENGTH - 9)}`;
    expect(findRefusedHeader(name, ALLOWED)).toBe(name);
    expect(findRefusedHeader(name, ANY)).toBe(name);
    expect(findRefusedHeader(name, { ...ALLOWED, names: new Set([name]) })).toBeUndefined();
    expect(findRefusedHeader(name.toUpperCase(), { ...ALLOWED, names: new Set([name]) })).toBeUndefined();
  });

  it('does not read a list that is longer than any browser sends', () => {
    const longest = `accept,${'x'.repeat(MAX_LIST_LENGTH - 7)}`;
    expect(findRefusedHeader(longest, ALLOWED)).toBe(longest.slice(7));
    expect(findRefusedHeader(`${longest}x`, ALLOWED)).toBe(MALFORMED_LIST);
  });

  // hono CVE-2026-69207 (10 s for 100 kB) and rs/cors GHSA-mh55-gqvf-xfwm (127 ms for one value).
  describe.each([100_000, MAX_LIST_LENGTH])('costs next to nothing on %i bytes of', (size) => {
    test.each([
      ['commas', ','],
      ['commas and spaces', ', '],
      ['allowed names', 'accept,'],
      ['allowed names in upper case', 'ACCEPT,'],
      ['names of the prefix', 'mcp-param-x,'],
      ['names of one letter', 'a,'],
      ['white space', '\t'],
      ['an endless name', 'accept'],
    ])('%s', (_, unit) => {
      const value = unit.repeat(Math.floor(size / unit.length));
      for (let i = 0; i < 20; i++) expect(findRefusedHeader(value, ALLOWED)).toBeDefined();
    });
  });

  const name = fc.constantFrom(
    'accept',
    'Content-Type',
    'mcp-session-id',
    'mcp-param-a',
    'Mcp-Param-B',
    'x-evil',
    'te',
  );
  const written = fc.array(
    fc
      .tuple(fc.constantFrom('', ' ', '\t', '  '), name, fc.boolean())
      .map(([ows, text, upper]) => ows + (upper ? text.toUpperCase() : text)),
    { minLength: 1, maxLength: 10 },
  );

  test('neither order nor case decides whether a list passes', () => {
    fc.assert(
      fc.property(
        written.chain((names) =>
          fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length })),
        ),
        ([names, shuffled]) => {
          const isAllowed = !names.some((text) => /^(?:x-evil|te)$/i.test(text.trim()));
          expect(findRefusedHeader(names.join(','), ALLOWED) === undefined).toBe(isAllowed);
          expect(findRefusedHeader(shuffled.join(',').toLowerCase(), ALLOWED) === undefined).toBe(isAllowed);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('what it refuses is a token that stands in the list, and what it allows is a list of tokens', () => {
    const text = fc.oneof(
      anyText(200),
      fc.string({ unit: fc.constantFrom(...'accept,- \t\nx'), maxLength: 60 }),
      written.map((names) => names.join(',')),
    );
    fc.assert(
      fc.property(text, fc.constantFrom(ALLOWED, ANY), (value, allowed) => {
        const refused = findRefusedHeader(value, allowed);
        const elements = value.split(',').map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ''));
        if (typeof refused === 'string') {
          expect(elements).toContain(refused);
          expect(refused).toMatch(TOKEN);
        }
        if (refused === undefined)
          for (const element of elements) if (element !== '') expect(element).toMatch(TOKEN);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('isJsonContentType', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=utf-8',
    'application/json ;charset=utf-8',
    'application/json;',
    ' application/json ',
    'application/json\t',
    'application/json    ;    charset=utf-8', // RFC 9110 section 5.6.6 sets white space there no bound
  ])('accepts %j', (value) => {
    expect(isJsonContentType(value)).toBe(true);
  });

  test.each([
    '',
    ' ',
    ';',
    'text/plain',
    'text/plain; a=application/json',
    'text/plain;application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'application/jsonp',
    'application/json5',
    'application/json-rpc',
    'application/json+x',
    'application/vnd.api+json',
    'xapplication/json',
    'application/json text/plain',
    'application/json/x',
    'application /json',
    'application/json, text/plain',
    'text/plain, application/json',
    'application/json, application/json',
    'application/json; a="x,y"',
    '*/*',
    'application/*',
    'json',
    'application/json\0',
  ])('refuses %j', (value) => {
    expect(isJsonContentType(value)).toBe(false);
  });

  it('reads no value that is longer than any browser sends', () => {
    const longest = `application/json; a=${'x'.repeat(256 - 20)}`;
    expect(isJsonContentType(longest)).toBe(true);
    expect(isJsonContentType(`${longest}x`)).toBe(false);
    expect(isJsonContentType(longest.padEnd(100_000, 'x'))).toBe(false);
  });

  // RFC 9110 section 5.6.3: space and tab. Node gives header bytes over 0x7f as Latin-1.
  test.each([
    'application/json\u00a0',
    '\u00a0application/json',
    'application/json\u000b',
    '\ufeffapplication/json',
  ])('does not take other white space for that of HTTP: %j', (value) => {
    expect(isJsonContentType(value)).toBe(false);
  });
});

describe('mergeVary', () => {
  test.each<[present: string | undefined, names: string, merged: string]>([
    [undefined, 'Origin', 'Origin'],
    ['', 'Origin', 'Origin'],
    ['  ', 'Origin', 'Origin'],
    ['Accept-Encoding', 'Origin', 'Accept-Encoding, Origin'],
    ['Origin', 'Origin', 'Origin'],
    ['origin', 'Origin', 'origin'],
    ['Accept, ORIGIN , Cookie', 'Origin', 'Accept, ORIGIN , Cookie'],
    ['*', 'Origin', '*'],
    ['Accept, *', 'Origin', 'Accept, *'],
    ['Accept-Encoding', '', 'Accept-Encoding'],
    ['X-Origin', 'Origin', 'X-Origin, Origin'],
    ['Origin', 'Origin, Access-Control-Request-Method', 'Origin, Access-Control-Request-Method'],
    [
      'Access-Control-Request-Method, Accept',
      'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      'Access-Control-Request-Method, Accept, Origin, Access-Control-Request-Headers',
    ],
  ])('%j and %j give %j', (present, names, merged) => {
    expect(mergeVary(present, names)).toBe(merged);
  });

  const name = fc.constantFrom(
    'Origin',
    'origin',
    'Accept',
    'ACCEPT',
    'Accept-Encoding',
    'Cookie',
    'X-A',
    '*',
  );
  const separator = fc.constantFrom(',', ', ', ' , ', ',\t', ',,');
  const present = fc.option(
    fc.tuple(fc.array(name, { maxLength: 5 }), separator).map(([names, comma]) => names.join(comma)),
    { nil: undefined },
  );
  const added = fc.uniqueArray(fc.constantFrom('Origin', 'Accept', 'Access-Control-Request-Method', 'X-B'), {
    maxLength: 4,
  });
  const namesOf = (value: string): string[] =>
    value
      .split(',')
      .map((text) => text.trim().toLowerCase())
      .filter((text) => text !== '');

  test('is idempotent, and loses no name', () => {
    fc.assert(
      fc.property(present, added, (before, names) => {
        const merged = mergeVary(before, names.join(', '));
        expect(mergeVary(merged, names.join(', '))).toBe(merged);
        const listed = namesOf(merged);
        for (const text of namesOf(before ?? '')) expect(listed).toContain(text);
        if (!listed.includes('*')) for (const text of names) expect(listed).toContain(text.toLowerCase());
      }),
      { numRuns: 2000 },
    );
  });

  it('names nothing twice that it adds', () => {
    fc.assert(
      fc.property(present, added, (before, names) => {
        const listed = namesOf(mergeVary(before, names.join(', ')));
        const had = namesOf(before ?? '');
        for (const text of names.map((one) => one.toLowerCase())) {
          const allowed = Math.max(1, had.filter((one) => one === text).length);
          expect(listed.filter((one) => one === text).length).toBeLessThanOrEqual(allowed);
        }
      }),
    );
  });
});

describe('namesAllowedByPrefix', () => {
  const allowed = { names: new Set(['accept', 'mcp-param-known']), prefixes: ['mcp-param-'], any: false };

  test.each<[list: string, names: string[]]>([
    ['', []],
    ['accept,mcp-param-a,x-evil', ['mcp-param-a']],
    ['Mcp-Param-A, mcp-param-b', ['Mcp-Param-A', 'mcp-param-b']],
    ['mcp-param-known', []],
    ['mcp-param-', []],
    ['   mcp-param-a', []], // more white space than any intermediary adds
    ['mcp-param-a b', []],
  ])('%j', (list, names) => {
    expect(namesAllowedByPrefix(list, allowed)).toEqual(names);
  });

  it('names so many and no more, and nothing of a list that is longer than any browser sends', () => {
    const many = `${'mcp-param-a,'.repeat(127)}mcp-param-b,mcp-param-c`;
    expect(namesAllowedByPrefix(many, allowed)).toEqual([
      ...new Array<string>(127).fill('mcp-param-a'),
      'mcp-param-b',
    ]);
    const longest = 'mcp-param-a'.padEnd(MAX_LIST_LENGTH, ',');
    expect(namesAllowedByPrefix(longest, allowed)).toEqual(['mcp-param-a']);
    expect(namesAllowedByPrefix(`${longest},`, allowed)).toEqual([]);
  });

  it('takes a name that was listed for what it is, in any case', () => {
    expect(namesAllowedByPrefix('Mcp-Param-Known,ACCEPT', allowed)).toEqual([]);
    expect(namesAllowedByPrefix('mcp param-a,x\ny', { ...allowed, any: true })).toEqual([]);
  });
});
