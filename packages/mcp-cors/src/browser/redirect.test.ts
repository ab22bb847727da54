import { describe, expect, test } from 'vitest';
import { createBrowser } from './browser.js';
import type { HttpRequest } from './exchange.js';
import type { ProfileName } from './profile.js';
import type { FetchInit } from './request.js';

const PAGE = 'https://page.example';
const SERVERS = { local: PAGE, remote: 'https://remote.example', remote2: 'https://remote2.test' } as const;
type Server = keyof typeof SERVERS;
type Lines = readonly (readonly [string, string])[];

const allow = (origin: string): Lines =>
  origin === 'none' ? [] : [['access-control-allow-origin', origin === 'origin' ? PAGE : origin]];
const OPEN: Lines = [
  ...allow('*'),
  ['access-control-allow-methods', '*'],
  ['access-control-allow-headers', '*, authorization'],
];

/** Fetches `from`, which redirects to `location`; what the page got and what was sent. */
async function redirected(
  from: string,
  location: string | undefined,
  {
    init = {},
    status = 302,
    first = OPEN,
    second = OPEN,
    profile = 'standard',
    origin = PAGE,
  }: {
    init?: FetchInit;
    status?: number;
    first?: Lines;
    second?: Lines;
    profile?: ProfileName;
    origin?: string;
  } = {},
) {
  const sent: HttpRequest[] = [];
  const start = `${from}/start`;
  const { fetch } = createBrowser({
    origin,
    profile,
    addressSpace: 'loopback',
    send: (request) => {
      sent.push(request);
      if (request.kind === 'preflight') return { status: 204, headers: OPEN };
      if (request.url !== start) return { status: 200, headers: second };
      return {
        status,
        headers: [...first, ...(location === undefined ? [] : ([['Location', location]] as const))],
      };
    },
  });
  return { ...(await fetch(start, init)), sent, last: sent.at(-1) };
}
const originOf = (request: HttpRequest | undefined) =>
  request?.headers.find(([name]) => name === 'origin')?.[1];

// The values of web-platform-tests: cors/redirect-origin.
describe.each<[from: Server, to: Server, first: string, second: string, origin: string]>([
  ['local', 'remote', '*', '*', PAGE],
  ['local', 'remote', '*', 'origin', PAGE],
  ['local', 'remote', '*', 'null', 'disallow'],
  ['local', 'remote', '*', 'none', 'disallow'],
  ['local', 'remote', 'null', '*', PAGE],
  ['local', 'remote', 'none', '*', PAGE],
  ['remote', 'local', '*', '*', 'null'],
  ['remote', 'local', '*', 'origin', 'disallow'],
  ['remote', 'local', '*', 'null', 'null'],
  ['remote', 'local', '*', 'none', 'disallow'],
  ['remote', 'local', 'origin', 'null', 'null'],
  ['remote', 'local', 'null', '*', 'disallow'],
  ['remote', 'local', 'none', '*', 'disallow'],
  ['remote', 'remote', '*', '*', PAGE],
  ['remote', 'remote', 'origin', 'origin', PAGE],
  ['remote', 'remote', '*', 'null', 'disallow'],
  ['remote', 'remote', '*', 'none', 'disallow'],
  ['remote', 'remote', 'null', '*', 'disallow'],
  ['remote', 'remote', 'none', '*', 'disallow'],
  ['remote', 'remote2', '*', '*', 'null'],
  ['remote', 'remote2', '*', 'origin', 'disallow'],
  ['remote', 'remote2', '*', 'null', 'null'],
  ['remote', 'remote2', 'origin', '*', 'null'],
  ['remote', 'remote2', 'origin', 'none', 'disallow'],
  ['remote', 'remote2', 'none', '*', 'disallow'],
])('from %s to %s, which allow %s and %s', (from, to, first, second, origin) => {
  test.each([301, 302, 303, 307, 308])(`by %i: ${origin}`, async (status) => {
    for (const profile of ['standard', 'chromium'] as const) {
      const { response, last } = await redirected(SERVERS[from], `${SERVERS[to]}/end`, {
        status,
        first: allow(first),
        second: allow(second),
        profile,
      });
      expect(response?.url).toBe(origin === 'disallow' ? undefined : `${SERVERS[to]}/end`);
      if (origin !== 'disallow') expect(originOf(last)).toBe(origin);
    }
  });
});

describe('methods and bodies', () => {
  test.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [301, 'PUT', 'PUT'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [303, 'GET', 'GET'],
  ])('%i turns %s into %s', async (status, method, becomes) => {
    const body = method === 'GET' || method === 'HEAD' ? {} : { body: 'x' };
    const headers = { 'x-a': '1', 'content-language': 'en' };
    const { last } = await redirected(SERVERS.remote, '/end', { status, init: { method, headers, ...body } });
    expect(last?.method).toBe(becomes);
    const changed = method !== becomes;
    expect(last?.body).toBe(changed ? undefined : body.body);
    const names = last?.headers.map(([name]) => name);
    expect(names?.includes('content-language')).toBe(!changed);
    expect(names?.includes('content-type')).toBe(!changed && body.body !== undefined);
    expect(names).toContain('x-a');
  });

  test('a stream follows 303 and nothing else', async () => {
    const init: FetchInit = { method: 'POST', body: { stream: true } };
    expect((await redirected(SERVERS.remote, '/end', { init, status: 303 })).response?.redirected).toBe(true);
    expect((await redirected(SERVERS.remote, '/end', { init, status: 307 })).blocked?.error).toBe(
      'NetworkError',
    );
  });
});

describe('what goes along', () => {
  test.each([
    [`${SERVERS.remote}/end`, true],
    [`${SERVERS.remote2}/end`, false],
    [`${PAGE}/end`, false],
  ])('Authorization to %s: %s', async (location, goes) => {
    const { last } = await redirected(SERVERS.remote, location, {
      init: { headers: { authorization: 'x' } },
    });
    expect(last?.headers.some(([name]) => name === 'authorization')).toBe(goes);
  });

  test("client hints go to the page's own origin in Chromium", async () => {
    const hint = async (location: string, profile: ProfileName) => {
      const { last } = await redirected(SERVERS.remote, location, {
        profile,
        init: { headers: { dpr: '1' } },
      });
      return last?.headers.some(([name]) => name === 'dpr');
    };
    expect(await hint(`${SERVERS.remote}/end`, 'chromium')).toBe(false);
    expect(await hint(`${PAGE}/end`, 'chromium')).toBe(true);
    expect(await hint(`${SERVERS.remote}/end`, 'standard')).toBe(true);
  });

  test('credentials of the own origin stay at home, but in Chromium for mode no-cors', async () => {
    const credentials = async (profile: ProfileName, mode: 'cors' | 'no-cors') => {
      const { last } = await redirected(PAGE, `${SERVERS.remote}/end`, { profile, init: { mode } });
      return last?.credentials;
    };
    expect(await credentials('standard', 'cors')).toBe(false);
    expect(await credentials('chromium', 'cors')).toBe(false);
    expect(await credentials('standard', 'no-cors')).toBe(false);
    expect(await credentials('chromium', 'no-cors')).toBe(true);
  });

  test('the origin, which Chromium hides in mode no-cors', async () => {
    const origin = async (profile: ProfileName, from: string) => {
      const init = { mode: 'no-cors', method: 'POST' } as const;
      const { last } = await redirected(from, `${SERVERS.remote}/end`, { profile, init, status: 307 });
      return originOf(last);
    };
    expect(await origin('standard', PAGE)).toBe(PAGE);
    expect(await origin('chromium', PAGE)).toBe('null');
    expect(await origin('chromium', SERVERS.remote)).toBe(PAGE);
    expect(await origin('standard', SERVERS.remote2)).toBe('null');
  });

  test('what Sec-Fetch-Site tells', async () => {
    const site = async (profile: ProfileName, init: FetchInit) => {
      const { last } = await redirected('https://a.page.example', `${PAGE}/end`, {
        profile,
        init,
        status: 307,
      });
      return last?.headers.find(([name]) => name === 'sec-fetch-site')?.[1];
    };
    expect(await site('standard', {})).toBe('same-site');
    expect(await site('chromium', {})).toBe('same-site');
    // Chromium makes a new request where a preflight is needed.
    expect(await site('standard', { method: 'PUT' })).toBe('same-site');
    expect(await site('chromium', { method: 'PUT' })).toBe('same-origin');
  });

  test('the fragment', async () => {
    const { last, response } = await redirected(SERVERS.remote, '/end#there');
    expect([last?.url, response?.url]).toEqual([`${SERVERS.remote}/end`, `${SERVERS.remote}/end`]);
  });
});

describe('what is not followed', () => {
  test.each<[location: string | undefined, init: FetchInit, chromium: string, standard: string]>([
    ['http://[', {}, 'InvalidRedirect', 'InvalidRedirect'],
    ['data:,x', {}, 'UnsafeRedirect', 'UnsafeRedirect'],
    ['file:///x', { mode: 'no-cors' }, 'UnsafeRedirect', 'UnsafeRedirect'],
    ['custom:x', {}, 'CorsDisabledScheme', 'CorsDisabledScheme'],
    ['custom:x', { mode: 'no-cors' }, 'UnknownScheme', 'UnknownScheme'],
    ['https://u:p@remote.example/end', {}, 'RedirectContainsCredentials', 'RedirectContainsCredentials'],
    ['https://u@remote.example/end', {}, 'RedirectContainsCredentials', 'RedirectContainsCredentials'],
    ['https://:p@remote.example/end', {}, 'RedirectContainsCredentials', 'RedirectContainsCredentials'],
    ['https://u:p@remote.example/end', { mode: 'no-cors' }, 'UserinfoRefused', 'opaque'],
    ['/end', { redirect: 'error' }, 'RedirectDisallowedByMode', 'RedirectDisallowedByMode'],
    [
      'https://u:p@page.example/end',
      { redirect: 'error' },
      'RedirectContainsCredentials',
      'RedirectDisallowedByMode',
    ],
    ['data:,x', { redirect: 'error' }, 'UnsafeRedirect', 'RedirectDisallowedByMode'],
    [undefined, { redirect: 'error' }, 'cors', 'RedirectDisallowedByMode'],
    [undefined, {}, 'cors', 'cors'],
    [undefined, { redirect: 'manual' }, 'opaqueredirect', 'opaqueredirect'],
    ['/end', { redirect: 'manual' }, 'opaqueredirect', 'opaqueredirect'],
    ['data:,x', { redirect: 'manual' }, 'opaqueredirect', 'opaqueredirect'],
    ['http://[', { redirect: 'manual' }, 'InvalidRedirect', 'opaqueredirect'],
    ['/start', {}, 'TooManyRedirects', 'TooManyRedirects'],
    ['/start', { mode: 'no-cors' }, 'TooManyRedirects', 'TooManyRedirects'],
    ['', {}, 'cors', 'TooManyRedirects'],
    ['https://@remote.example/end', {}, 'cors', 'cors'],
    ['https://remote.example:6000/', {}, 'UnsafePort', 'UnsafePort'],
    ['http://remote.example/', {}, 'MixedContent', 'MixedContent'],
  ])('%j in %o: %s in Chromium, %s in the standard', async (location, init, chromium, standard) => {
    for (const [profile, expected] of [
      ['chromium', chromium],
      ['standard', standard],
    ] as const) {
      const { blocked, response } = await redirected(SERVERS.remote, location, { init, profile });
      expect([profile, blocked?.error ?? response?.type]).toEqual([profile, expected]);
    }
  });

  test('twenty redirects are followed and the next is not', async () => {
    const { sent } = await redirected(SERVERS.remote, '/start');
    expect(sent).toHaveLength(21);
  });

  test('user names lead nowhere from the own origin either, but in the standard to itself', async () => {
    const at = async (location: string, profile: ProfileName, mode: 'cors' | 'same-origin' = 'cors') => {
      const { blocked, response } = await redirected(PAGE, location, { profile, init: { mode } });
      return blocked?.error ?? response?.type;
    };
    expect(await at('https://u:p@page.example/end', 'standard')).toBe('basic');
    expect(await at('https://u:p@page.example/end', 'chromium')).toBe('UserinfoRefused');
    const error = { profile: 'chromium', init: { redirect: 'error' } } as const;
    const refused = await redirected(PAGE, 'https://u:p@page.example/end', error);
    expect(refused.blocked?.error).toBe('RedirectDisallowedByMode');
    expect(await at('https://u:p@remote.example/end', 'standard')).toBe('RedirectContainsCredentials');
    expect(await at('https://u:p@remote.example/end', 'chromium', 'same-origin')).toBe('DisallowedByMode');
    expect(await at('https://remote.example/end', 'chromium', 'same-origin')).toBe('DisallowedByMode');
    expect(await at('custom:x', 'chromium', 'same-origin')).toBe('DisallowedByMode');
  });

  test('several locations are as good as one only when they agree', async () => {
    const first: Lines = [...OPEN, ['location', '/end']];
    const error = async (location: string) =>
      (await redirected(SERVERS.remote, location, { first })).blocked?.error;
    expect(await error('/other')).toBe('MultipleLocations');
    expect(await error('/end')).toBeUndefined();
  });

  test('a redirect without CORS headers is refused for that, but by Chromium for a target that is no URL', async () => {
    const error = async (location: string, profile: ProfileName) =>
      (await redirected(SERVERS.remote, location, { first: [], profile })).blocked?.error;
    for (const profile of ['standard', 'chromium'] as const) {
      expect(await error('/end', profile)).toBe('MissingAllowOriginHeader');
      expect(await error('data:,x', profile)).toBe('MissingAllowOriginHeader');
    }
    expect(await error('http://[', 'standard')).toBe('MissingAllowOriginHeader');
    expect(await error('http://[', 'chromium')).toBe('InvalidRedirect');
  });
});

test('the sentence names both ends', async () => {
  const { blocked } = await redirected(SERVERS.remote, `${SERVERS.remote2}/end#x`, { second: [] });
  expect(blocked?.message).toBe(
    `Access to fetch at '${SERVERS.remote2}/end#x' (redirected from '${SERVERS.remote}/start') from origin '${PAGE}' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.`,
  );
  const home = await redirected(PAGE, `${SERVERS.remote}/end`, { init: { mode: 'same-origin' } });
  expect(home.blocked?.message).toBe(
    `Unsafe attempt to load URL ${SERVERS.remote}/end from frame with URL ${PAGE}/. Domains, protocols and ports must match.\n`,
  );
});
