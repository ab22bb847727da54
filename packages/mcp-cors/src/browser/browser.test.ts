import { describe, expect, test } from 'vitest';
import { type BrowserOptions, createBrowser } from './browser.js';
import type { HttpRequest, HttpResponse } from './exchange.js';
import { createPreflightCache } from './preflightCache.js';
import { PROFILES } from './profile.js';

const PAGE = 'https://page.example';
const API = 'https://api.example/mcp';
const OPEN = [
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Allow-Methods', '*'],
  ['Access-Control-Allow-Headers', '*, Authorization'],
] as const;

/** A page, and what it sent. */
function open(
  answer: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
  options: Partial<BrowserOptions> = {},
) {
  const sent: HttpRequest[] = [];
  const browser = createBrowser({
    origin: PAGE,
    send: (request) => {
      sent.push(request);
      return answer(request);
    },
    ...options,
  });
  return { ...browser, sent, kinds: () => sent.map(({ kind }) => kind) };
}
const ok = (): HttpResponse => ({ status: 200, headers: OPEN, body: 'hello' });
const refuse = (): HttpResponse => ({ status: 200, headers: [] });

describe('a fetch', () => {
  test('to the own origin is basic, and carries credentials', async () => {
    const page = open(() => ({
      status: 404,
      headers: [
        ['X-A', '1'],
        ['Set-Cookie', 'a=b'],
      ],
    }));
    const { response } = await page.fetch('/x#y');
    expect(response).toEqual({
      type: 'basic',
      status: 404,
      ok: false,
      url: `${PAGE}/x`,
      redirected: false,
      headers: new Map([['x-a', '1']]),
    });
    expect(page.sent).toEqual([
      {
        kind: 'actual',
        method: 'GET',
        url: `${PAGE}/x`,
        headers: [
          ['accept', '*/*'],
          ['sec-fetch-dest', 'empty'],
          ['sec-fetch-mode', 'cors'],
          ['sec-fetch-site', 'same-origin'],
        ],
        credentials: true,
      },
    ]);
  });

  test('to another origin carries the origin and no credentials, and is of CORS', async () => {
    const page = open(ok);
    const { response, exchanges } = await page.fetch(API, { method: 'POST', body: 'x' });
    expect(response).toMatchObject({ type: 'cors', status: 200, ok: true, body: 'hello' });
    expect(page.sent).toEqual([
      {
        kind: 'actual',
        method: 'POST',
        url: API,
        headers: [
          ['accept', '*/*'],
          ['content-type', 'text/plain;charset=UTF-8'],
          ['origin', PAGE],
          ['sec-fetch-dest', 'empty'],
          ['sec-fetch-mode', 'cors'],
          ['sec-fetch-site', 'cross-site'],
        ],
        credentials: false,
        body: 'x',
      },
    ]);
    expect(exchanges).toEqual([{ request: page.sent[0], response: ok(), fromCache: false }]);
  });

  test('with a preflight sends it first, without credentials', async () => {
    const page = open(() => ({
      status: 200,
      headers: [
        ['Access-Control-Allow-Origin', PAGE],
        ['Access-Control-Allow-Credentials', 'true'],
        ['Access-Control-Allow-Headers', 'mcp-session-id, content-type'],
      ],
    }));
    const { response, exchanges } = await page.fetch(API, {
      method: 'POST',
      headers: { 'Mcp-Session-Id': '1', 'Content-Type': 'application/json', accept: 'text/event-stream' },
      credentials: 'include',
      body: '{}',
    });
    expect(response?.type).toBe('cors');
    expect(exchanges.map(({ request }) => [request.kind, request.method, request.credentials])).toEqual([
      ['preflight', 'OPTIONS', false],
      ['actual', 'POST', true],
    ]);
    expect(page.sent[0]?.headers).toEqual([
      ['accept', '*/*'],
      ['access-control-request-method', 'POST'],
      ['access-control-request-headers', 'content-type,mcp-session-id'],
      ['origin', PAGE],
      ['sec-fetch-dest', 'empty'],
      ['sec-fetch-mode', 'cors'],
      ['sec-fetch-site', 'cross-site'],
    ]);
  });

  test('whose preflight fails is never made', async () => {
    const page = open(refuse);
    const { blocked, response } = await page.fetch(API, { method: 'PUT' });
    expect(response).toBeUndefined();
    expect(blocked).toEqual({
      error: 'PreflightMissingAllowOriginHeader',
      parameter: '',
      message: `Access to fetch at '${API}' from origin '${PAGE}' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.`,
    });
    expect(page.kinds()).toEqual(['preflight']);
  });

  test('that no server answers is a network error, at the preflight and after it', async () => {
    const page = open(({ kind }) => {
      if (kind === 'actual') throw new Error('reset');
      return ok();
    });
    const { blocked, exchanges } = await page.fetch(API, { method: 'PUT' });
    expect(blocked).toMatchObject({
      error: 'NetworkError',
      message: 'Failed to load resource: net::ERR_FAILED',
    });
    expect(exchanges.map(({ response }) => response?.status)).toEqual([200, undefined]);
    const deaf = open(() => Promise.reject(new Error('reset')));
    expect((await deaf.fetch(API, { method: 'PUT' })).blocked?.error).toBe('NetworkError');
    expect(deaf.kinds()).toEqual(['preflight']);
  });

  test('says which header the recipe of the web forgot', async () => {
    const page = open(() => ({
      status: 204,
      headers: [
        ['Access-Control-Allow-Origin', PAGE],
        ['Access-Control-Allow-Methods', 'GET, POST, OPTIONS'],
        ['Access-Control-Allow-Headers', 'Content-Type, Authorization, Mcp-Session-Id'],
      ],
    }));
    const headers = { 'content-type': 'application/json', 'mcp-protocol-version': '2025-11-25' };
    const { blocked } = await page.fetch(API, { method: 'POST', headers, body: '{}' });
    expect(blocked).toMatchObject({
      error: 'HeaderDisallowedByPreflightResponse',
      parameter: 'mcp-protocol-version',
      refusedHeaders: ['mcp-protocol-version'],
    });
    expect(blocked?.message).toMatch(
      /Request header field mcp-protocol-version is not allowed by Access-Control-Allow-Headers in preflight response\.$/,
    );
  });

  test('that the page calls wrongly sends nothing', async () => {
    const page = open(ok);
    const { blocked, exchanges } = await page.fetch('https://u:p@api.example/');
    expect(blocked).toEqual({
      error: 'UrlContainsCredentials',
      parameter: '',
      message:
        "Failed to execute 'fetch' on 'Window': Request cannot be constructed from a URL that includes credentials: https://u:p@api.example/",
    });
    expect([exchanges, page.sent]).toEqual([[], []]);
  });
});

test('a server that is not trustworthy is not told where a request comes from', async () => {
  const page = open(ok, { origin: 'http://page.example' });
  await page.fetch('http://api.example/');
  expect(page.sent[0]?.headers).toEqual([
    ['accept', '*/*'],
    ['origin', 'http://page.example'],
  ]);
});

describe('modes', () => {
  test('same-origin goes nowhere else', async () => {
    const page = open(ok);
    expect((await page.fetch(API, { mode: 'same-origin' })).blocked).toMatchObject({
      error: 'DisallowedByMode',
      message: `Fetch API cannot load ${API}. Request mode is "same-origin" but the URL's origin is not same as the request origin ${PAGE}.`,
    });
    expect((await page.fetch('/', { mode: 'same-origin' })).response?.type).toBe('basic');
    expect(page.sent).toHaveLength(1);
  });

  test('no-cors reads nothing, and follows redirects or nothing', async () => {
    const page = open(ok);
    expect((await page.fetch(API, { mode: 'no-cors' })).response).toEqual({
      type: 'opaque',
      status: 0,
      ok: false,
      url: '',
      redirected: false,
      headers: new Map(),
    });
    expect(page.sent[0]?.headers.map(([name]) => name)).not.toContain('origin');
    for (const redirect of ['manual', 'error'] as const) {
      expect((await page.fetch(API, { mode: 'no-cors', redirect })).blocked?.error).toBe(
        'NoCorsRedirectModeNotFollow',
      );
    }
  });

  test('a request that changes something says where it comes from, in every mode', async () => {
    const page = open(ok);
    for (const [url, mode] of [
      ['/', 'same-origin'],
      [API, 'no-cors'],
    ] as const) {
      await page.fetch(url, { method: 'POST', mode });
      expect(page.sent.at(-1)?.headers).toContainEqual(['origin', PAGE]);
    }
  });
});

describe('what is not fetched', () => {
  test.each([
    ['ftp://api.example/', {}, 'UnsupportedScheme'],
    ['ftp://api.example/', { mode: 'no-cors' }, 'UnsupportedScheme'],
    ['ftp://api.example/', { mode: 'same-origin' }, 'DisallowedByMode'],
    ['https://api.example:6000/', {}, 'UnsafePort'],
    [`${PAGE}:6000/`, { mode: 'no-cors' }, 'UnsafePort'],
    ['http://api.example/', {}, 'MixedContent'],
  ] as const)('%s in %o: %s', async (url, init, error) => {
    const page = open(ok);
    expect((await page.fetch(url, init)).blocked?.error).toBe(error);
    expect(page.sent).toEqual([]);
  });

  test('the own origin at a bad port', async () => {
    const page = open(ok, { origin: 'http://page.example:6000' });
    expect((await page.fetch('/')).blocked?.error).toBe('UnsafePort');
  });

  test('loopback is mixed content to Safari alone', async () => {
    const errorIn = async (profile: 'chromium' | 'firefox' | 'safari' | 'standard') => {
      const page = open(ok, { profile, addressSpace: 'loopback' });
      return (await page.fetch('http://127.0.0.1:3000/')).blocked?.error;
    };
    expect(await errorIn('safari')).toBe('MixedContent');
    for (const profile of ['chromium', 'firefox', 'standard'] as const) {
      expect(await errorIn(profile)).toBeUndefined();
    }
  });

  test('the local network without a permission', async () => {
    const at = async (url: string, options: Partial<BrowserOptions>) => {
      const page = open(ok, options);
      const { blocked } = await page.fetch(url);
      expect(page.sent).toHaveLength(blocked ? 0 : 1);
      return blocked;
    };
    const loopback = 'http://localhost:3000/';
    expect(await at(loopback, {})).toMatchObject({
      error: 'LocalNetworkAccessPermissionDenied',
      message: `Access to fetch at '${loopback}' from origin '${PAGE}' has been blocked by CORS policy: Permission was denied for this request to access the \`loopback\` address space.`,
    });
    expect(await at(loopback, { localNetworkAccess: 'granted' })).toBeUndefined();
    expect(await at('https://192.168.1.1/', {})).toMatchObject({
      error: 'LocalNetworkAccessPermissionDenied',
    });
    expect(await at(loopback, { addressSpace: 'loopback' })).toBeUndefined();
    expect(await at(loopback, { profile: 'standard' })).toBeUndefined();
    expect(await at(loopback, { profile: 'firefox' })).toMatchObject({
      error: 'LocalNetworkAccessPermissionDenied',
    });
    expect(await at(`${PAGE}/`, { addressSpace: 'public' })).toBeUndefined();
    const insecure = await at(loopback, { origin: 'http://page.example' });
    expect(insecure?.message).toMatch(
      /The request client is not a secure context and the resource is in more-private address space `loopback`\.$/,
    );
    expect(await at(loopback, { origin: 'http://page.example', secureContext: true })).toMatchObject({
      error: 'LocalNetworkAccessPermissionDenied',
    });
    expect(await at(loopback, { origin: 'http://localhost:1' })).toBeUndefined();
  });

  test('a page may speak to its own host when it came from a public address', async () => {
    const page = open(
      ({ url }) =>
        url.endsWith('/start')
          ? { status: 307, headers: [['Location', 'http://localhost:3002/'], ...OPEN] }
          : ok(),
      { origin: 'http://localhost:3002', addressSpace: 'public', localNetworkAccess: 'granted' },
    );
    expect((await page.fetch('http://localhost:3001/start')).response?.type).toBe('cors');
    const denied = open(() => ({ status: 307, headers: [['Location', 'http://localhost:3002/'], ...OPEN] }), {
      origin: 'http://localhost:3002',
      addressSpace: 'public',
    });
    expect((await denied.fetch('/')).blocked?.error).toBe('TooManyRedirects');
  });
});

describe('an opaque origin', () => {
  test('is null, has no base, and is a stranger everywhere', async () => {
    const page = open(() => ({ status: 200, headers: [['Access-Control-Allow-Origin', 'null']] }), {
      origin: 'null',
    });
    expect((await page.fetch('/')).blocked?.error).toBe('InvalidUrl');
    expect((await page.fetch(API)).response?.type).toBe('cors');
    expect(page.sent[0]?.headers).toEqual([
      ['accept', '*/*'],
      ['origin', 'null'],
      ['sec-fetch-dest', 'empty'],
      ['sec-fetch-mode', 'cors'],
      ['sec-fetch-site', 'cross-site'],
    ]);
  });

  test('keeps no preflights in Chromium, and its own alone in the standard', async () => {
    const kinds = async (profile: 'chromium' | 'standard') => {
      const preflightCache = createPreflightCache();
      const pages = [1, 2].map(() => open(ok, { origin: 'null', profile, preflightCache }));
      for (const page of pages) {
        await page.fetch(API, { method: 'PUT' });
        await page.fetch(API, { method: 'PUT' });
      }
      return pages.map((page) => page.kinds().length);
    };
    expect(await kinds('chromium')).toEqual([4, 4]);
    expect(await kinds('standard')).toEqual([3, 3]);
  });

  test('keeps a preflight for the length of a request in Chromium', async () => {
    let count = 0;
    const page = open(
      ({ kind }) => {
        if (kind === 'preflight' || ++count > 2) return ok();
        return { status: 307, headers: [...OPEN, ['Location', '']].map(([n = '', v = '']) => [n, v || '?']) };
      },
      { origin: 'null' },
    );
    await page.fetch(`${API}?`, { method: 'PUT' });
    expect(page.kinds()).toEqual(['preflight', 'actual', 'actual', 'actual']);
  });
});

describe('the preflight cache', () => {
  const put = { method: 'PUT' } as const;

  test('spares the second preflight, tells of it, and ends with its time', async () => {
    let now = 0;
    const page = open(ok, { now: () => now });
    await page.fetch(API, put);
    const { exchanges } = await page.fetch(API, put);
    expect(
      exchanges.map(({ request, fromCache, response }) => [request.kind, fromCache, response?.status]),
    ).toEqual([
      ['preflight', true, undefined],
      ['actual', false, 200],
    ]);
    now = 4999;
    await page.fetch(API, put);
    now = 5000;
    await page.fetch(API, put);
    expect(page.kinds()).toEqual(['preflight', 'actual', 'actual', 'actual', 'preflight', 'actual']);
  });

  test('is shared by pages of an origin and a partition', async () => {
    const preflightCache = createPreflightCache();
    const count = async (options: Partial<BrowserOptions>) => {
      const page = open(ok, { preflightCache, ...options });
      await page.fetch(API, put);
      return page.sent.length;
    };
    expect(await count({})).toBe(2);
    expect(await count({})).toBe(1);
    expect(await count({ partition: 'https://top.example' })).toBe(2);
    expect(await count({ origin: 'https://other.example' })).toBe(2);
  });

  test('is cleared by a failure in the standard, and is not in Chromium', async () => {
    const count = async (profile: 'chromium' | 'standard') => {
      const page = open(({ kind }) => (kind === 'preflight' ? ok() : refuse()), { profile });
      await page.fetch(API, put);
      await page.fetch(API, put);
      return page.kinds().filter((kind) => kind === 'preflight').length;
    };
    expect(await count('standard')).toBe(2);
    expect(await count('chromium')).toBe(1);
  });

  test('is not asked in Chromium when a redirect made the origin null', async () => {
    const count = async (profile: 'chromium' | 'standard') => {
      const page = open(
        ({ url, kind }) =>
          url === API && kind === 'actual'
            ? { status: 307, headers: [...OPEN, ['Location', 'https://third.example/']] }
            : ok(),
        { profile },
      );
      await page.fetch(API, put);
      await page.fetch(API, put);
      return page.kinds().filter((kind) => kind === 'preflight').length;
    };
    expect(await count('standard')).toBe(2);
    expect(await count('chromium')).toBe(3);
  });
});

describe('createBrowser', () => {
  test.each([
    'https://page.example/',
    'page.example',
    '',
    'HTTPS://page.example',
    'https://page.example:443',
    '*',
  ])('refuses %j as an origin', (origin) => {
    expect(() => createBrowser({ origin, send: ok })).toThrow(
      /is not an origin as a browser serialises it: write /,
    );
  });

  test("takes profiles by name, profiles of one's own, and Chromium by default", () => {
    expect(createBrowser({ origin: PAGE, send: ok }).profile).toBe(PROFILES.chromium);
    expect(createBrowser({ origin: PAGE, send: ok, profile: 'safari' }).profile).toBe(PROFILES.safari);
    const profile = { ...PROFILES.standard, maxAgeCapSeconds: 1 };
    expect(createBrowser({ origin: PAGE, send: ok, profile }).profile).toBe(profile);
  });

  test('a page of an extension reaches loopback as a page of this machine does', async () => {
    const browser = createBrowser({ origin: 'chrome-extension://abcdefgh', send: ok });
    expect(await browser.fetch('http://127.0.0.1:3001/')).toMatchObject({ response: { status: 200 } });
  });

  test('begins a fetch that is driven by hand, in steps', () => {
    const { begin, origin } = createBrowser({ origin: 'chrome-extension://abcdefgh', send: ok });
    expect(origin).toBe('chrome-extension://abcdefgh');
    const fetching = begin(API, { method: 'DELETE' });
    expect(fetching.next().value).toMatchObject({ kind: 'preflight', method: 'OPTIONS' });
    expect(fetching.next(ok()).value).toMatchObject({ kind: 'actual', method: 'DELETE' });
    expect(fetching.next(ok())).toMatchObject({ done: true, value: { response: { status: 200 } } });
  });

  test('keeps apart fetches that overlap', () => {
    const { begin } = createBrowser({ origin: PAGE, send: ok });
    const first = begin(API, { method: 'PUT' });
    const second = begin(API, { method: 'PUT' });
    expect(first.next().value).toMatchObject({ kind: 'preflight' });
    expect(second.next().value).toMatchObject({ kind: 'preflight' });
    expect(first.next(ok()).value).toMatchObject({ kind: 'actual' });
    expect(second.next(refuse())).toMatchObject({ done: true, value: { blocked: {} } });
    expect(first.next(ok())).toMatchObject({ value: { response: {} } });
  });
});
