import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import { createBrowser, type FetchResult } from './browser.js';
import type { HttpResponse } from './exchange.js';
import { PROFILE_NAMES } from './profile.js';
import type { FetchInit } from './request.js';
import { BLOCKED_ERRORS } from './verdict.js';

const PAGE = 'https://page.example';
const URLS = [
  'https://api.example/a',
  'https://api.example/b',
  'https://third.example/a',
  `${PAGE}/a`,
] as const;

const profile = fc.constantFrom(...PROFILE_NAMES);
const name = fc.oneof(
  fc.constantFrom('content-type', 'accept', 'authorization', 'mcp-session-id', 'x-a', 'range', '*', 'cookie'),
  anyText(4),
);
const value = fc.oneof(fc.constantFrom('application/json', 'text/plain', 'x', '', ' a '), anyText(10));
const init: fc.Arbitrary<FetchInit> = fc.record(
  {
    method: fc.oneof(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'patch', 'TRACE'), anyText(5)),
    headers: fc.array(fc.tuple(name, value), { maxLength: 4 }),
    credentials: fc.constantFrom('omit', 'same-origin', 'include'),
    mode: fc.constantFrom('cors', 'no-cors', 'same-origin'),
    redirect: fc.constantFrom('follow', 'error', 'manual'),
    body: fc.constant('x'),
    uploadListener: fc.boolean(),
  },
  { requiredKeys: [] },
);
const line = fc.oneof(
  fc.tuple(
    fc.constantFrom('Access-Control-Allow-Origin'),
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(PAGE, '*') },
      fc.constantFrom('null', `${PAGE}/`),
      anyText(8),
    ),
  ),
  fc.tuple(fc.constantFrom('Access-Control-Allow-Credentials'), fc.constantFrom('true', 'true', 'True', '')),
  fc.tuple(
    fc.constantFrom(
      'Access-Control-Allow-Methods',
      'Access-Control-Allow-Headers',
      'Access-Control-Expose-Headers',
    ),
    fc.oneof(
      fc.constantFrom('*', 'PUT, DELETE', 'content-type, x-a, mcp-session-id', 'set-cookie', 'a b'),
      anyText(8),
    ),
  ),
  fc.tuple(fc.constantFrom('Access-Control-Max-Age'), fc.constantFrom('0', '60', '-1', 'x')),
  fc.tuple(fc.constantFrom('Location'), fc.oneof(fc.constantFrom(...URLS, '', 'data:,'), anyText(8))),
  fc.tuple(fc.constantFrom('Set-Cookie', 'X-Secret', 'ETag'), fc.constant('secret')),
);
const response: fc.Arbitrary<HttpResponse | undefined> = fc.option(
  fc.record({
    status: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(200, 204) },
      fc.constantFrom(302, 307, 404, 500),
    ),
    headers: fc.array(line, { maxLength: 7 }),
  }),
  { nil: undefined, freq: 30 },
);
const plan = fc.record({
  profile,
  calls: fc.array(fc.tuple(fc.constantFrom(...URLS), init), { minLength: 1, maxLength: 4 }),
  answers: fc.array(response, { minLength: 1, maxLength: 8 }),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

/** Plays a plan; the nth request gets the nth answer, and from the last on again the first. */
function play(
  { profile: name, calls, answers }: Plan,
  alter: (answer: HttpResponse) => HttpResponse = (answer) => answer,
) {
  let count = 0;
  const browser = createBrowser({
    origin: PAGE,
    profile: name,
    now: () => 0,
    send: () => ({ status: 200, headers: [] }),
  });
  const results: FetchResult[] = [];
  for (const [url, options] of calls) {
    const fetching = browser.begin(url, options);
    let step = fetching.next();
    while (!step.done) {
      const answer = answers[count++ % answers.length];
      step = fetching.next(answer && alter(answer));
    }
    results.push(step.value);
  }
  return results;
}
const runs = { numRuns: 600 };
const isForeign = (url: string): boolean => new URL(url).origin !== PAGE;

describe('for any page, any request and any server', () => {
  it('nothing of another origin is readable without Access-Control-Allow-Origin', () => {
    const mute = (answer: HttpResponse): HttpResponse => ({
      ...answer,
      headers: answer.headers.filter(([line]) => line !== 'Access-Control-Allow-Origin'),
    });
    fc.assert(
      fc.property(plan, (one) => {
        for (const { response: read, exchanges } of play(one, mute)) {
          if (read === undefined || !exchanges.some(({ request }) => isForeign(request.url))) continue;
          expect(['opaque', 'opaqueredirect']).toContain(read.type);
          expect([read.status, read.headers.size, read.body]).toEqual([0, 0, undefined]);
        }
      }),
      runs,
    );
  });

  it('a blocked preflight is the last request', () => {
    fc.assert(
      fc.property(plan, (one) => {
        for (const { blocked, exchanges } of play(one)) {
          exchanges.forEach(({ request, fromCache, response: answer }, index) => {
            if (request.kind !== 'preflight') return;
            const next = exchanges[index + 1];
            if (next === undefined) expect([blocked !== undefined, fromCache]).toEqual([true, false]);
            else expect([next.request.kind, next.request.url]).toEqual(['actual', request.url]);
            if (!fromCache && next !== undefined) {
              expect(Math.floor((answer?.status ?? 0) / 100)).toBe(2);
            }
          });
        }
      }),
      runs,
    );
  });

  it('a request that a form could not make never reaches another origin without a preflight', () => {
    fc.assert(
      fc.property(plan, (one) => {
        for (const { exchanges } of play(one)) {
          exchanges.forEach(({ request }, index) => {
            const { kind, method, url, headers } = request;
            if (kind !== 'actual' || !isForeign(url)) return;
            const simple =
              ['GET', 'HEAD', 'POST'].includes(method) &&
              !headers.some(([header]) => ['authorization', 'mcp-session-id', 'x-a'].includes(header)) &&
              !headers.some(([header, text]) => header === 'content-type' && text === 'application/json');
            if (!simple) expect(exchanges[index - 1]?.request.kind).toBe('preflight');
          });
        }
      }),
      runs,
    );
  });

  it('no preflight carries credentials, and none is answered for by one that was asked without them', () => {
    fc.assert(
      fc.property(plan, (one) => {
        const credentialed = new Set<string>();
        for (const [index, { exchanges }] of play(one).entries()) {
          const includes = one.calls[index]?.[1].credentials === 'include';
          for (const { request, fromCache } of exchanges) {
            if (request.kind !== 'preflight') continue;
            expect(request.credentials).toBe(false);
            if (includes && fromCache) expect(credentialed).toContain(request.url);
            if (includes && !fromCache) credentialed.add(request.url);
          }
        }
      }),
      runs,
    );
  });

  it('cookies that a server sets are never readable', () => {
    fc.assert(
      fc.property(plan, (one) => {
        for (const { response: read } of play(one))
          expect(read?.headers.has('set-cookie') ?? false).toBe(false);
      }),
      runs,
    );
  });

  it('with credentials nothing is readable of another origin that did not name the page and allow them', () => {
    fc.assert(
      fc.property(plan, (one) => {
        for (const [index, { response: read, exchanges }] of play(one).entries()) {
          if (read?.type !== 'cors' || one.calls[index]?.[1].credentials !== 'include') continue;
          const lines = exchanges.at(-1)?.response?.headers ?? [];
          expect(lines).toContainEqual(['Access-Control-Allow-Credentials', 'true']);
          expect(
            lines.filter(([line]) => line === 'Access-Control-Allow-Origin').map(([, v]) => v),
          ).not.toContain('*');
        }
      }),
      runs,
    );
  });

  it('the same happens again', () => {
    fc.assert(
      fc.property(plan, (one) => {
        expect(play(one)).toEqual(play(one));
      }),
      { numRuns: 300 },
    );
  });

  it('there is a response or a reason with a sentence, and at most 21 requests with as many preflights', () => {
    fc.assert(
      fc.property(plan, (one) => {
        for (const { response: read, blocked, exchanges } of play(one)) {
          expect((read === undefined) !== (blocked === undefined)).toBe(true);
          if (blocked) expect(BLOCKED_ERRORS).toContain(blocked.error);
          if (blocked) expect(blocked.message).not.toMatch(/undefined|\[object/);
          expect(exchanges.filter(({ request }) => request.kind === 'actual').length).toBeLessThanOrEqual(21);
          expect(exchanges.length).toBeLessThanOrEqual(42);
        }
      }),
      runs,
    );
  });
});

// What is quadratic in a million characters would take hours, and the run would not come to its end.
describe('an input of a megabyte', () => {
  const UNITS = [
    'a',
    ',',
    ' ',
    'a,',
    ', ',
    '*',
    '\t',
    ';',
    '/',
    'é',
    '"',
    '0',
    ':',
    '%',
    'bytes=1',
    'text/plain;',
  ];
  const big = (unit: string, size = 1_000_000): string => unit.repeat(Math.floor(size / unit.length));

  test.each([
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'access-control-allow-methods',
    'access-control-allow-headers',
    'access-control-max-age',
    'access-control-expose-headers',
    'location',
    'set-cookie',
  ])(
    'in %s is come to a verdict about',
    async (line) => {
      for (const unit of UNITS) {
        const headers = [
          ...(line === 'access-control-allow-origin'
            ? []
            : ([['access-control-allow-origin', PAGE]] as const)),
          // A location is parsed twenty-one times before it is given up.
          [line, big(unit, line === 'location' ? 100_000 : 1_000_000)] as const,
        ];
        for (const status of [200, 307]) {
          const { fetch } = createBrowser({ origin: PAGE, send: () => ({ status, headers }) });
          expect(await fetch(URLS[0], { method: 'PUT', credentials: 'include' })).toHaveProperty('exchanges');
          expect(await fetch(URLS[0])).toHaveProperty('exchanges');
        }
      }
    },
    60_000,
  );

  test('of lines, in the request and in the response, is come to a verdict about', async () => {
    const headers = Array.from({ length: 100_000 }, (_, index) => [`x-${index % 50_000}`, 'y'] as const);
    const open = [
      ...headers,
      ['access-control-allow-origin', '*'],
      ['access-control-allow-headers', '*'],
    ] as const;
    const expose = [['access-control-expose-headers', '*']] as const;
    for (const name of PROFILE_NAMES) {
      const { fetch } = createBrowser({
        origin: PAGE,
        profile: name,
        send: () => ({ status: 200, headers: [...open, ...expose] }),
      });
      const { response: read } = await fetch(URLS[0], { headers });
      expect(read?.headers.size).toBeGreaterThan(50_000);
      expect((await fetch(URLS[0], { headers, mode: 'no-cors' })).response?.type).toBe('opaque');
      const accept = Array.from({ length: 100_000 }, () => ['accept', 'a'] as const);
      expect((await fetch(URLS[0], { headers: accept, mode: 'no-cors' })).response?.type).toBe('opaque');
    }
  }, 60_000);

  test.each(UNITS)(
    'of %j in the request is come to a verdict about',
    async (unit) => {
      const { fetch } = createBrowser({ origin: PAGE, send: () => ({ status: 200, headers: [] }) });
      const text = big(unit);
      for (const header of ['accept', 'content-type', 'range', 'x-method-override', 'dpr', text]) {
        expect((await fetch(URLS[0], { headers: [[header, text]] })).blocked).toBeDefined();
      }
      expect((await fetch(URLS[0], { method: text })).blocked).toBeDefined();
      expect((await fetch(`${URLS[0]}?${text}`)).blocked).toBeDefined();
      expect(() => createBrowser({ origin: text, send: () => ({ status: 200, headers: [] }) })).toThrow(
        TypeError,
      );
    },
    60_000,
  );
});
