import { describe, expect, test } from 'vitest';
import type { CredentialsMode } from './corsCheck.js';
import { type Asked, checkPreflight, neededPreflight, needOf, preflightHeaders } from './preflight.js';
import { type BrowserProfile, PROFILES } from './profile.js';
import { parseUrl } from './url.js';

const { standard, chromium, firefox, safari } = PROFILES;
const ORIGIN = 'https://page.example';
const URL_OF_API = parseUrl('https://api.example/');
const PASS = [
  ['access-control-allow-origin', ORIGIN],
  ['access-control-allow-credentials', 'true'],
] as const;
type Lines = readonly (readonly [string, string])[];

const asked = (over: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  headers: [],
  credentials: 'omit',
  useCorsPreflight: false,
  ...over,
});
function check(lines: Lines, over: Partial<Asked> = {}, profile: BrowserProfile = standard, status = 204) {
  if (URL_OF_API === undefined) throw new Error('no URL');
  return checkPreflight({ status, headers: lines }, asked(over), ORIGIN, URL_OF_API, profile);
}
const errorOf = (...given: Parameters<typeof check>) => check(...given).fault?.error;

describe('a preflight is needed', () => {
  const needed = (method: string, headers: Lines = [], useCorsPreflight = false) =>
    neededPreflight({ method, headers, credentials: 'omit', useCorsPreflight }, standard);

  test.each(['GET', 'HEAD', 'POST'])('not by %s', (method) => {
    expect(needed(method)).toBeUndefined();
    expect(needed(method, [['accept', '*/*']])).toBeUndefined();
  });

  test.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'patch', 'CHICKEN'])('by %s', (method) => {
    expect(needed(method)).toMatchObject({ method, headers: [] });
  });

  test('by a header, a stream or a listener', () => {
    expect(needed('POST', [['content-type', 'application/json']])).toMatchObject({
      headers: ['content-type'],
    });
    expect(needed('POST', [], true)).toMatchObject({ useCorsPreflight: true });
  });
});

test('a preflight asks for what is needed, with no space, and for no header when none is', () => {
  expect(preflightHeaders(asked({ method: 'PUT', headers: ['content-type', 'x-a'] }))).toEqual([
    ['accept', '*/*'],
    ['access-control-request-method', 'PUT'],
    ['access-control-request-headers', 'content-type,x-a'],
  ]);
  expect(preflightHeaders(asked())).toEqual([
    ['accept', '*/*'],
    ['access-control-request-method', 'GET'],
  ]);
});

test('what the cache has to hold', () => {
  expect(needOf(asked({ method: 'PUT' }), standard).method).toBe('PUT');
  expect(needOf(asked({ method: 'POST' }), standard).method).toBeUndefined();
  expect(needOf(asked({ method: 'POST', useCorsPreflight: true }), standard).method).toBe('POST');
  expect(needOf(asked({ method: 'POST', useCorsPreflight: true }), chromium).method).toBeUndefined();
});

// The values of web-platform-tests: fetch/api/cors/cors-preflight-star.
test.each<
  [passes: boolean, credentials: boolean, methods: string, headers: string, method: string, header: string[]]
>([
  [true, false, 'get', 'x-test', 'GET', ['x-test']],
  [true, false, '*', 'x-test', 'SUPER', ['x-test']],
  [true, false, '*', '*', 'OK', ['x-test']],
  [false, true, '*', '*', 'OK', ['x-test']],
  [false, true, '*', '', 'PUT', []],
  [true, true, 'PUT', '*', 'PUT', []],
  [false, true, 'get', '*', 'GET', ['x-test']],
  [false, true, '*', '*', 'GET', ['x-test']],
  [true, true, '*', '*', '*', ['*']],
  [false, true, 'put', '*', 'PUT', []],
  [false, false, 'put', '*', 'PUT', []],
])(
  'passes: %s, credentials: %s, methods %j, headers %j for %s with %j',
  (passes, credentials, methods, headers, method, names) => {
    const lines = [
      ...PASS,
      ['access-control-allow-methods', methods],
      ['access-control-allow-headers', headers],
    ] as const;
    const mode: CredentialsMode = credentials ? 'include' : 'omit';
    for (const profile of [standard, chromium]) {
      const { fault } = check(lines, { method, headers: names, credentials: mode }, profile);
      expect(fault === undefined).toBe(passes);
    }
  },
);

// web-platform-tests: fetch/api/cors/cors-preflight-status, cors/status-preflight.
test.each([200, 201, 202, 204, 206, 299])('status %i passes', (status) => {
  expect(errorOf(PASS, {}, standard, status)).toBeUndefined();
});
test.each([100, 199, 300, 304, 400, 401, 403, 404, 405, 500, 503, 699])('status %i does not', (status) => {
  expect(errorOf(PASS, {}, standard, status)).toBe('PreflightInvalidStatus');
});

// web-platform-tests: fetch/api/cors/cors-preflight-response-validation.
test.each([
  ['access-control-allow-methods', 'Bad method name', 'InvalidAllowMethodsPreflightResponse'],
  ['access-control-allow-headers', 'header name with space', 'InvalidAllowHeadersPreflightResponse'],
])('%s: %s cannot be parsed', (name, value, error) => {
  expect(errorOf([...PASS, [name, value]])).toBe(error);
  expect(errorOf([...PASS, [name, 'x'], [name, value]])).toBe(error);
});

test('lists may be in several lines, in any case, with empty elements', () => {
  const lines = [
    ...PASS,
    ['Access-Control-Allow-Methods', 'PUT,,'],
    ['access-control-allow-methods', ' PATCH'],
    ['Access-Control-Allow-Headers', 'X-A'],
    ['Access-Control-Allow-Headers', '\tX-b ,'],
  ] as const;
  const outcome = check(lines, { method: 'PATCH', headers: ['x-a', 'x-b'] });
  expect(outcome).toMatchObject({
    allowance: { credentials: false, methods: new Set(['PUT', 'PATCH']), headers: new Set(['x-a', 'x-b']) },
  });
});

test('the checks in their order', () => {
  const faults: Lines = [
    ['access-control-allow-methods', 'a b'],
    ['access-control-allow-headers', 'a b'],
  ];
  const request = { method: 'PUT', headers: ['x-a'], credentials: 'include' } as const;
  const [origin, credentials] = PASS;
  const without = (name: string): Lines => faults.filter(([line]) => line !== name);
  expect(errorOf(faults, request, standard, 404)).toBe('PreflightMissingAllowOriginHeader');
  expect(errorOf([['access-control-allow-origin', '*']], request, standard, 404)).toBe(
    'PreflightWildcardOriginNotAllowed',
  );
  expect(errorOf([['access-control-allow-origin', 'x, y']], request, standard, 404)).toBe(
    'PreflightMultipleAllowOriginValues',
  );
  expect(errorOf([['access-control-allow-origin', 'x']], request, standard, 404)).toBe(
    'PreflightInvalidAllowOriginValue',
  );
  expect(errorOf([['access-control-allow-origin', 'https://x.example']], request, standard, 404)).toBe(
    'PreflightAllowOriginMismatch',
  );
  expect(errorOf([origin], request, standard, 404)).toBe('PreflightInvalidAllowCredentials');
  expect(errorOf([origin, credentials, ...faults], request, standard, 404)).toBe('PreflightInvalidStatus');
  expect(errorOf([...PASS, ...faults], request)).toBe('InvalidAllowMethodsPreflightResponse');
  expect(errorOf([...PASS, ...without('access-control-allow-methods')], request)).toBe(
    'InvalidAllowHeadersPreflightResponse',
  );
  expect(errorOf(PASS, request)).toBe('MethodDisallowedByPreflightResponse');
  expect(errorOf([...PASS, ['access-control-allow-methods', 'PUT']], request)).toBe(
    'HeaderDisallowedByPreflightResponse',
  );
});

describe('a redirect', () => {
  const to = (location: string): Lines => [['location', location]];

  test('comes after the CORS headers in the standard, and before them in Chromium', () => {
    expect(errorOf(to('/x'), {}, standard, 302)).toBe('PreflightMissingAllowOriginHeader');
    expect(errorOf([...PASS, ...to('/x')], {}, standard, 302)).toBe('PreflightDisallowedRedirect');
    expect(errorOf(to('/x'), {}, chromium, 302)).toBe('PreflightDisallowedRedirect');
    expect(errorOf(to('http://['), {}, chromium, 302)).toBe('InvalidRedirect');
  });

  test('without a location is a wrong status', () => {
    expect(errorOf(PASS, {}, chromium, 302)).toBe('PreflightInvalidStatus');
    expect(errorOf([...PASS, ...to('')], {}, chromium, 302)).toBe('PreflightInvalidStatus');
    expect(errorOf([...PASS, ...to('')], {}, standard, 302)).toBe('PreflightDisallowedRedirect');
  });
});

describe('Authorization', () => {
  test.each([
    [standard, false],
    [firefox, false],
    [chromium, true],
    [safari, true],
  ])('under * in $name', (profile, passes) => {
    const request = { headers: ['authorization', 'x-a'] };
    const star = [...PASS, ['access-control-allow-headers', '*']] as const;
    expect(check(star, request, profile).fault?.parameter).toBe(passes ? undefined : 'authorization');
    const named = [...PASS, ['access-control-allow-headers', '*, Authorization']] as const;
    expect(check(named, request, profile).fault).toBeUndefined();
  });
});

test('every refused header is told', () => {
  const lines = [...PASS, ['access-control-allow-headers', 'x-b']] as const;
  expect(check(lines, { headers: ['x-a', 'x-b', 'x-c'] }).fault).toEqual({
    error: 'HeaderDisallowedByPreflightResponse',
    parameter: 'x-a',
    refusedHeaders: ['x-a', 'x-c'],
  });
});

test('a stream or a listener has its method allowed by silence', () => {
  const methods = (useCorsPreflight: boolean) => {
    const outcome = check(PASS, { method: 'POST', useCorsPreflight });
    return outcome.fault ?? [...outcome.allowance.methods];
  };
  expect(methods(true)).toEqual(['POST']);
  expect(methods(false)).toEqual([]);
});

describe('Access-Control-Max-Age', () => {
  const seconds = (profile: BrowserProfile, ...values: readonly string[]) => {
    const lines = [...PASS, ...values.map((value) => ['access-control-max-age', value] as const)];
    const outcome = check(lines, {}, profile);
    return outcome.fault ?? outcome.maxAgeSeconds;
  };

  test.each([
    [['0'], 0],
    [['600'], 600],
    [[' 60 '], 60],
    [['060'], 60],
    [[], 5],
    [[''], 5],
    [['x'], 5],
    [['5.5'], 5],
    [['60s'], 5],
    [['1e3'], 5],
    [['600', '600'], 5],
  ])('%j is %i seconds in every browser', (values, expected) => {
    for (const profile of Object.values(PROFILES)) expect(seconds(profile, ...values)).toBe(expected);
  });

  test('the caps', () => {
    expect(Object.values(PROFILES).map((profile) => [profile.name, seconds(profile, '1000000')])).toEqual([
      ['standard', 1_000_000],
      ['chromium', 7200],
      ['firefox', 86_400],
      ['safari', 600],
    ]);
  });

  test('a number that 64 bits do not hold is none in Chromium', () => {
    expect(seconds(chromium, '9223372036854775808')).toBe(5);
    expect(seconds(chromium, '-9223372036854775808')).toBe(5);
    expect(seconds(chromium, '922337203685477580')).toBe(7200);
    expect(seconds(firefox, '9223372036854775808')).toBe(86_400);
  });

  test('a negative number is none in browsers, and no number in the standard', () => {
    expect(Object.values(PROFILES).map((profile) => [profile.name, seconds(profile, '-1')])).toEqual([
      ['standard', 5],
      ['chromium', 0],
      ['firefox', 0],
      ['safari', 0],
    ]);
  });
});
