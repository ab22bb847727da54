import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createPolicy } from '../policy/index.js';
import type { Enforced } from './enforced.js';
import { findHoles, HOLES } from './holes.js';
import { formats, ImportError, importPolicy } from './import.js';
import { policyOf } from './policyOf.js';

/** What is enforced at the only place of a file, and the ids of its holes. */
function only(text: string, file: string) {
  const { places, unread } = importPolicy(text, { file });
  expect(places).toHaveLength(1);
  const [place] = places;
  if (place === undefined) throw new Error('there is no place');
  return { ...place, ids: place.holes.map(({ id }) => id), unread };
}

const python = (options: string, before = ''): ReturnType<typeof only> =>
  only(`${before}\napp.add_middleware(CORSMiddleware, ${options})\n`, 'main.py');
const express = (options: string, before = ''): ReturnType<typeof only> =>
  only(`import cors from 'cors';\n${before}\napp.use(cors(${options}));\n`, 'app.ts');

describe('CORSMiddleware', () => {
  test('says what it enforces, with its defaults', () => {
    expect(python('allow_origins=["https://app.example.com"]').enforced).toMatchObject({
      name: 'CORSMiddleware',
      line: 2,
      origins: [{ type: 'exact', text: 'https://app.example.com' }],
      anyOrigin: 'no',
      credentials: false,
      methods: ['GET'],
      allowedHeaders: ['Accept', 'Content-Type'],
      exposedHeaders: [],
      maxAgeSeconds: 600,
      hosts: 'unchecked',
    });
  });

  test.each([
    ['allow_origins=["*"], allow_credentials=True', 'origins-reflected'],
    ['allow_origins=["*"], allow_credentials=True', 'origin-any-with-credentials'],
    ['allow_origins=["https://app.example.com/"]', 'origin-has-path'],
    ['allow_origins=["null"]', 'origin-null'],
    ['allow_origins=["http://app.example.com"], allow_credentials=True', 'origin-insecure-with-credentials'],
    ['allow_origin_regex=r"https://.*example.com"', 'regexp-unescaped-dot'],
    ['allow_origin_regex=r"https://.*example\\.com"', 'origin-public-suffix'],
    ['allow_origin_regex=r"https://.*"', 'regexp-open-domain'],
    ['allow_origins=["https://a.example"]', 'methods-missing'],
    ['allow_origins=["https://a.example"]', 'request-headers-missing'],
    ['allow_origins=["https://a.example"]', 'exposed-headers-missing'],
    ['allow_origins=["https://a.example"]', 'header-prefixes-missing'],
    ['allow_origins=["https://a.example"]', 'foreign-origins-pass'],
    ['allow_origins=["https://a.example"]', 'hosts-unchecked'],
    ['allow_origins=["https://a.example"]', 'unhandled-errors-uncovered'],
    ['allow_origins=settings.origins', 'origins-unlisted'],
  ])('%s: %s', (options, id) => {
    expect(python(options).ids).toContain(id);
  });

  test.each([
    'allow_origin_regex=r"https://(?:[a-z0-9-]+\\.)*example\\.com"',
    'allow_origin_regex=r"^https://(?:[a-z0-9-]+\\.)*example\\.com$"',
    'allow_origin_regex="https://a\\\\.example\\\\.com|https://b\\\\.example\\\\.com"',
  ])('matches whole origins, so that nothing is wrong with %s', (options) => {
    const { ids, policy } = python(options);
    expect(ids.filter((id) => id.startsWith('regexp') || id.startsWith('origin'))).toEqual([]);
    expect(createPolicy(policy ?? { origins: [] }).settings.origins).toHaveLength(1);
  });

  test('with everything that pages need has no hole in its lists', () => {
    const { ids } = python(
      'allow_origins=["https://a.example"], allow_methods=["*"], allow_headers=["*"], expose_headers=["Retry-After", ' +
        '"mcp-session-id", "Last-Event-ID", "MCP-Protocol-Version", "WWW-Authenticate", "DPoP-Nonce"]',
    );
    expect(ids.filter((id) => id.endsWith('-missing'))).toEqual([]);
  });

  test.each([
    [
      'from starlette.middleware.cors import CORSMiddleware as C\napp = Starlette(middleware=[Middleware(C, allow_origins=O)])\nO = ["https://a.example"]',
      false,
    ],
    ['app = CORSMiddleware(app, allow_origins=["https://a.example"])', true],
    ['app = CORSMiddleware(app=app, allow_origins=["https://a.example"])', true],
    ['app.add_middleware(middleware_class=CORSMiddleware, allow_origins=["https://a.example"])', false],
    [
      'app.add_middleware(starlette.middleware.cors.CORSMiddleware, allow_origins=["https://a.example"])',
      false,
    ],
  ])('is found however it is put in: %s', (text, around) => {
    const { enforced, ids } = only(text, 'a.py');
    expect(enforced.origins).toMatchObject([{ text: 'https://a.example' }]);
    expect(ids.includes('unhandled-errors-uncovered')).toBe(!around);
  });

  test('hosts of TrustedHostMiddleware count, and GZipMiddleware holds streams', () => {
    const hosts =
      'app.add_middleware(TrustedHostMiddleware, allowed_hosts=["mcp.example.com", "*.example.com"])';
    const trusted = python('allow_origins=["https://a.example"]', hosts);
    expect(trusted.ids).not.toContain('hosts-unchecked');
    expect(trusted.policy).toMatchObject({ hosts: ['mcp.example.com', '*.example.com'] });
    const held = python('allow_origins=["https://a.example"]', 'app.add_middleware(GZipMiddleware)');
    expect(held.holes.find(({ id }) => id === 'streams-held')?.line).toBe(1);
  });

  test('what is not in the file is said, with its line', () => {
    expect(python('allow_origins=get_origins(), **options').unread).toEqual([
      { line: 2, text: '**options', why: expect.any(String) },
      { line: 2, text: 'allow_origins=get_origins()', why: expect.any(String) },
    ]);
  });
});

describe('cors()', () => {
  test('says what it enforces, with its defaults', () => {
    expect(express('').enforced).toMatchObject({
      name: 'cors()',
      line: 3,
      anyOrigin: 'star',
      credentials: false,
      methods: ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'],
      allowedHeaders: 'any',
      exposedHeaders: [],
      maxAgeSeconds: undefined,
    });
  });

  test.each([
    ['{ origin: true, credentials: true }', 'origins-reflected'],
    ["{ origin: '*', credentials: true }", 'origin-any-with-credentials'],
    ['{ origin: /example\\.com$/ }', 'regexp-not-anchored'],
    ['{ origin: [/^https:\\/\\/a\\.example$/g] }', 'regexp-stateful'],
    ["{ origin: 'https://a.example/' }", 'origin-has-path'],
    ["{ origin: 'https://a.example' }", 'options-swallowed'],
    ["{ origin: 'https://a.example' }", 'max-age-missing'],
    ["{ origin: 'https://a.example', preflightContinue: true }", 'preflights-unanswered'],
    ["{ origin: 'https://a.example', methods: 'GET,POST' }", 'methods-missing'],
    ["{ origin: 'https://a.example', allowedHeaders: ['Content-Type'] }", 'request-headers-missing'],
    ["{ origin: 'https://a.example', exposedHeaders: 'Mcp-Session-Id' }", 'exposed-headers-missing'],
    ['{ origin: (origin, callback) => callback(null, true) }', 'origins-unlisted'],
    ['options', 'origins-unlisted'],
  ])('%s: %s', (options, id) => {
    expect(express(options).ids).toContain(id);
  });

  test('a name for the options is followed, and one from elsewhere said', () => {
    const named = express('options', "const options = { origin: ['https://a.example'], maxAge: 60 };");
    expect(named.policy).toMatchObject({ origins: ['https://a.example'], maxAge: 60 });
    expect(express('load()').unread).toMatchObject([{ line: 3, text: 'cors: load()' }]);
  });

  test.each(['false', 'undefined', "''"])('origin: %s admits nobody', (origin) => {
    expect(express(`{ origin: ${origin} }`).enforced).toMatchObject({ anyOrigin: 'no', origins: [] });
  });

  test.each([
    "const cors = require('cors'); app.use(cors())",
    "import * as c from 'cors'; app.use(c())",
    "const x = await import('cors'); x()",
  ])('is found however it is imported: %s', (text) => {
    expect(only(text, 'a.js').enforced.anyOrigin).toBe('star');
  });

  test('a function of that name from elsewhere is none', () => {
    expect(importPolicy("import { cors } from './cors.js'; cors({})", { format: 'express' }).places).toEqual(
      [],
    );
  });
});

describe('the holes of what is enforced', () => {
  const sound: Enforced = {
    name: 'sound',
    line: 1,
    origins: [{ type: 'exact', text: 'https://app.example.com' }],
    anyOrigin: 'no',
    credentials: true,
    methods: 'any',
    allowedHeaders: 'any',
    exposedHeaders: undefined,
    maxAgeSeconds: 60,
    hosts: ['mcp.example.com'],
    conduct: {},
  };

  test('are none where nothing is wrong, or told', () => {
    expect(findHoles(sound)).toEqual([]);
  });

  test.each([
    ['foreign-origins-pass', 'refusesForeignOrigins'],
    ['content-type-unchecked', 'checksContentType'],
    ['preflights-unanswered', 'answersPreflights'],
    ['options-swallowed', 'passesOtherOptions'],
    ['errors-uncovered', 'coversErrors'],
    ['vary-missing', 'varies'],
    ['headers-doubled', 'replacesApplicationHeaders'],
    ['streams-held', 'flushesStreams'],
  ] as const)('%s', (id, part) => {
    const holes = findHoles({ ...sound, conduct: { [part]: false }, lines: { [part]: 7 } });
    expect(holes).toEqual([{ id, line: 7, subject: undefined, ...HOLES[id] }]);
    expect(findHoles({ ...sound, conduct: { [part]: true } })).toEqual([]);
  });

  test('count the revisions that a server speaks, and a prefix for what begins with it', () => {
    const listed: Enforced = { ...sound, methods: ['POST'], exposedHeaders: ['*'], credentials: false };
    expect(findHoles(listed, ['2026-07-28'])).toEqual([]);
    expect(findHoles(listed)).toMatchObject([{ id: 'methods-missing' }]);
    const prefixed: Enforced = {
      ...sound,
      allowedHeaders: ['content-type', 'accept', 'authorization', 'dpop', 'mcp-*'],
    };
    expect(findHoles(prefixed, ['2026-07-28'])).toEqual([]);
    // `*` is a name to requests with credentials.
    expect(findHoles({ ...listed, credentials: true }, ['2026-07-28'])).toMatchObject([
      { id: 'exposed-headers-missing' },
    ]);
  });

  test('a policy that is made of what is left is one, whatever there was', () => {
    const text = fc.oneof(
      fc.constantFrom(
        'https://app.example.com',
        'https://app.example.com/',
        'null',
        '*',
        'X-A',
        'content-type',
        'PUT',
        '',
      ),
      fc.string(),
    );
    const texts = fc.array(text, { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.record({
          origins: fc.array(
            fc.oneof(
              text.map((one) => ({ type: 'exact' as const, text: one })),
              fc.record({
                type: fc.constant('regexp' as const),
                source: text,
                flags: fc.constantFrom('', 'i', 'g'),
              }),
            ),
            { maxLength: 4 },
          ),
          anyOrigin: fc.constantFrom('no' as const, 'star' as const, 'reflected' as const),
          credentials: fc.boolean(),
          methods: texts,
          allowedHeaders: texts,
          exposedHeaders: texts,
          maxAgeSeconds: fc.integer(),
          hosts: texts,
        }),
        (parts) => {
          const enforced = { ...sound, ...parts };
          findHoles(enforced);
          const policy = policyOf(enforced);
          if (policy !== undefined) expect(createPolicy(policy).settings.origins.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('what cannot be imported', () => {
  const codeOf = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (error instanceof ImportError) return error.code;
      throw error;
    }
    return 'nothing';
  };

  test('has a code', () => {
    expect(codeOf(() => importPolicy('nothing of it', { file: 'a.txt' }))).toBe('format-not-told');
    expect(codeOf(() => importPolicy('', { format: 'fastpi' }))).toBe('format-unknown');
    expect(codeOf(() => importPolicy('x'.repeat(4_000_001), { format: 'express' }))).toBe('file-too-long');
  });

  test('every format reads anything, and long files soon', () => {
    const texts = [
      '',
      '\0',
      'cors(',
      'CORSMiddleware(',
      `import cors from 'cors';${'cors('.repeat(200_000)}`,
      'CORSMiddleware('.repeat(100_000),
    ];
    for (const { name } of formats())
      for (const text of texts) expect(importPolicy(text, { format: name }).format).toBe(name);
  });
});
