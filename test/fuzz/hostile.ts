import fc from 'fast-check';
import type { RequestHead } from 'mcp-cors';

/** Texts that break parsers, and pieces that nearly make what is allowed. */
const PIECES = [
  'https://',
  'http://',
  'app.example.com',
  'example.com',
  'evil.example',
  '*',
  '*.',
  '.',
  ':',
  ':443',
  ':80',
  ':*',
  ':0',
  ':65536',
  '/',
  '//',
  '\\',
  '@',
  '?',
  '#',
  '[::1]',
  '[',
  ']',
  '127.0.0.1',
  '0x7f.1',
  'localhost',
  'null',
  'file://',
  'moz-extension://',
  '%',
  '%2f',
  '%00',
  '\0',
  '\r\n',
  '\t',
  ' ',
  ',',
  ', ',
  ';',
  '"',
  "'",
  '`',
  '$',
  '^',
  '(',
  ')',
  '(?:',
  '(?=',
  '[^.]',
  '+',
  '?',
  '{1,9}',
  '|',
  '\\d',
  '\\.',
  '\\1',
  'é',
  '\u{1f600}',
  '\ud800',
  'xn--',
  'X-',
  'mcp-param-',
  'content-type',
  'application/json',
  'text/plain',
  'POST',
  'OPTIONS',
  'TRACE',
  'constructor',
  '__proto__',
  'toString',
  '.svc.cluster.local',
  'github.io',
  'com',
  '-',
  '_',
  'a',
  'A',
  '0',
];

/** A text of pieces and of anything, at times a very long one. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((parts) => parts.join('')),
  },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...PIECES), fc.integer({ min: 1, max: 100_000 }))
      .map(([piece, length]) => piece.repeat(Math.ceil(length / piece.length))),
  },
);

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** A request head in which anything may stand anywhere. */
export const hostileHead: fc.Arbitrary<RequestHead> = fc.record({
  method: fc.oneof(fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PUT'), hostileText),
  path: fc.oneof(
    fc.constantFrom('/mcp', '/sse', '/messages', '/token', '/.well-known/oauth-protected-resource/mcp'),
    hostileText,
  ),
  host: maybe(fc.oneof(fc.constantFrom('localhost', 'mcp.example.com'), hostileText)),
  scheme: maybe(fc.constantFrom('http', 'https')),
  origin: maybe(
    fc.oneof(
      fc.constantFrom('https://app.example.com', 'https://a.example.org', 'http://localhost:3000'),
      hostileText,
    ),
  ),
  requestMethod: maybe(fc.oneof(fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'), hostileText)),
  requestHeaders: maybe(fc.oneof(fc.constantFrom('content-type', 'content-type,mcp-param-x'), hostileText)),
  contentType: maybe(fc.oneof(fc.constantFrom('application/json', 'text/plain'), hostileText)),
  sessionId: maybe(hostileText),
  loopback: maybe(fc.boolean()),
});

const texts = fc.oneof(hostileText, fc.array(hostileText, { maxLength: 4 }));
const anything = fc.oneof({ weight: 4, arbitrary: texts }, { weight: 1, arbitrary: fc.anything() });

/** Most often what is good, so that whole configurations are good at times. */
const mostly = (good: fc.Arbitrary<unknown>, bad: fc.Arbitrary<unknown> = anything): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 15, arbitrary: good }, { weight: 1, arbitrary: bad });
const flag = mostly(fc.boolean());

/** A configuration in which anything may stand anywhere, near enough to a good one to be one at times. */
export const hostileConfig: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record(
      {
        origins: mostly(
          fc.constantFrom<unknown>(
            '*',
            'https://app.example.com',
            ['https://*.example.org', 'http://localhost:*'],
            '/^https:\\/\\/[a-z]+\\.example\\.net$/',
          ),
        ),
        hosts: mostly(fc.constantFrom<unknown>('mcp.example.com', ['localhost', '*.example.com'])),
        credentials: flag,
        methods: mostly(fc.constantFrom('PUT', 'PUT,patch')),
        allowedHeaders: mostly(fc.constantFrom('*', 'X-Api-Key')),
        exposedHeaders: mostly(fc.constantFrom('*', 'X-Request-Id')),
        maxAge: mostly(fc.integer({ min: -1, max: 86_400 }), fc.oneof(fc.integer(), fc.anything())),
        revisions: mostly(fc.constantFrom<unknown>('2026-07-28', ['2024-11-05', '2025-11-25'])),
        endpoints: mostly(
          fc.constantFrom({ '/api': 'mcp' }, { '/files/*': 'other' }),
          fc.oneof(fc.dictionary(hostileText, hostileText), fc.anything()),
        ),
        missingOrigin: mostly(fc.constantFrom('allow', 'deny')),
        reportOnly: flag,
        debug: flag,
        aliases: mostly(fc.constant('.svc.cluster.local')),
        dangerouslyAllowNullOrigin: flag,
        dangerouslyAllowPublicSuffixes: flag,
      },
      { requiredKeys: ['origins'] },
    ),
  },
  { weight: 1, arbitrary: fc.anything() },
);
