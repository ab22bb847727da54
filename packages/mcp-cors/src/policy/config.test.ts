import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { POLICY_KEYS, type PolicyConfig, readPolicyConfig, writePolicyConfig } from './config.js';
import { DEFAULT_MAX_AGE_SECONDS } from './corsOptions.js';
import { POLICY_ISSUES, PolicyConfigError, type PolicyIssueCode } from './errors.js';
import { CORS_RESPONSE_HEADERS } from './headers.js';
import { createPolicy } from './policy.js';
import { REVISIONS } from './revisions.js';

const APP = 'https://app.example.com';
/** As short as a secret may be. */
const SECRET = 's'.repeat(32);
const DIRECTORY = { has: () => false };
const LONG_HOST = `${'a.'.repeat(126)}com`;

/** Configurations that are good, and what each becomes over the defaults. */
const GOOD: readonly (readonly [name: string, config: PolicyConfig, settings: object])[] = [
  ['one origin as a text', { origins: APP }, { origins: [{ text: APP }] }],
  ['one origin in a list', { origins: [APP] }, { origins: [{ text: APP }] }],
  [
    'several origins',
    { origins: [APP, 'http://localhost:*'] },
    { origins: [{ text: APP }, { text: 'http://localhost:*' }] },
  ],
  ['an origin twice', { origins: [APP, APP] }, { origins: [{ text: APP }] }],
  [
    'a wildcard below a domain',
    { origins: 'https://*.example.com' },
    { origins: [{ subdomains: 'labels' }] },
  ],
  ['a wildcard port', { origins: 'http://127.0.0.1:*' }, { origins: [{ port: '*' }] }],
  ['any origin', { origins: '*' }, { origins: [{ type: 'any' }] }],
  ['any origin in a list', { origins: ['*'] }, { origins: [{ type: 'any' }] }],
  [
    'an extension',
    { origins: 'chrome-extension://abcdefghijklmnop' },
    { origins: [{ scheme: 'chrome-extension' }] },
  ],
  ['every extension of Firefox', { origins: 'moz-extension://*' }, { origins: [{ subdomains: 'all' }] }],
  ['a desktop application', { origins: 'tauri://localhost' }, { origins: [{ scheme: 'tauri' }] }],
  ['an IPv6 origin', { origins: 'http://[::1]:3000' }, { origins: [{ host: '[::1]' }] }],
  ['plain http without credentials', { origins: 'http://app.example.com' }, { credentials: false }],
  ['an origin with the other default port', { origins: 'http://app.example.com:443' }, {}],
  [
    'hosts as a text',
    { origins: APP, hosts: 'mcp.example.com' },
    { hosts: [{ host: 'mcp.example.com', subdomains: false }] },
  ],
  [
    'hosts in upper case',
    { origins: APP, hosts: 'MCP.Example.com' },
    { hosts: [{ host: 'mcp.example.com' }] },
  ],
  [
    'hosts with port, wildcard and address',
    { origins: APP, hosts: ['mcp.example.com:8443', '*.example.com', '[::1]:3000'] },
    { hosts: [{ port: '8443' }, { subdomains: true }, { host: '[::1]', port: '3000' }] },
  ],
  [
    'hosts of a public suffix, dangerously',
    { origins: APP, hosts: '*.github.io', dangerouslyAllowPublicSuffixes: true },
    { hosts: [{ host: 'github.io', subdomains: true }] },
  ],
  ['a host that is a public suffix itself', { origins: APP, hosts: 'github.io' }, { hosts: [{}] }],
  ['credentials', { origins: APP, credentials: true }, { credentials: true }],
  ['credentials for localhost', { origins: 'http://localhost:*', credentials: true }, { credentials: true }],
  [
    'credentials below localhost',
    { origins: 'http://*.localhost', credentials: true },
    { credentials: true },
  ],
  [
    'credentials for a name below localhost',
    { origins: 'http://app.localhost', credentials: true },
    { credentials: true },
  ],
  ['credentials for 127.0.0.1', { origins: 'http://127.0.0.1:*', credentials: true }, { credentials: true }],
  ['credentials for 127.1.2.3', { origins: 'http://127.1.2.3', credentials: true }, { credentials: true }],
  [
    'credentials for 127.10.20.255',
    { origins: 'http://127.10.20.255', credentials: true },
    { credentials: true },
  ],
  ['credentials for [::1]', { origins: 'http://[::1]:3000', credentials: true }, { credentials: true }],
  [
    'credentials for an extension',
    { origins: 'moz-extension://*', credentials: true },
    { credentials: true },
  ],
  [
    'credentials over plain http, dangerously',
    { origins: 'http://app.example.com', credentials: true, dangerouslyAllowInsecureOrigins: true },
    { credentials: true },
  ],
  ['no credentials in words', { origins: '*', credentials: false }, { credentials: false }],
  ['methods as a comma list', { origins: APP, methods: 'PUT, PATCH' }, { methods: ['PUT', 'PATCH'] }],
  ['methods as a list', { origins: APP, methods: ['PUT', 'PATCH'] }, { methods: ['PUT', 'PATCH'] }],
  // https://fetch.spec.whatwg.org/#concept-method-normalize: the six and no other.
  [
    'methods that browsers send in upper case',
    { origins: APP, methods: ['put', 'get', 'Head', 'options', 'post', 'delete'] },
    { methods: ['PUT', 'GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE'] },
  ],
  [
    'a method that is case-sensitive',
    { origins: APP, methods: ['patch', 'Query'] },
    { methods: ['patch', 'Query'] },
  ],
  ['no methods', { origins: APP, methods: [] }, { methods: [] }],
  [
    'request headers as a comma list',
    { origins: APP, allowedHeaders: 'X-A,X-B' },
    { allowedHeaders: ['X-A', 'X-B'] },
  ],
  [
    'request headers as a list',
    { origins: APP, allowedHeaders: ['X-Api-Key'] },
    { allowedHeaders: ['X-Api-Key'] },
  ],
  ['any request header', { origins: APP, allowedHeaders: '*' }, { allowedHeaders: ['*'] }],
  ['a request header much like a forbidden one', { origins: APP, allowedHeaders: ['Security', 'Proxy'] }, {}],
  [
    'response headers as a comma list',
    { origins: APP, exposedHeaders: 'X-A , X-B' },
    { exposedHeaders: ['X-A', 'X-B'] },
  ],
  ['every response header', { origins: APP, exposedHeaders: ['*'] }, { exposedHeaders: ['*'] }],
  ['the preflight cache off', { origins: APP, maxAge: -1 }, { maxAgeSeconds: -1 }],
  ['the preflight cache at zero', { origins: APP, maxAge: 0 }, { maxAgeSeconds: 0 }],
  ['the longest preflight cache', { origins: APP, maxAge: 86_400 }, { maxAgeSeconds: 86_400 }],
  ['a revision as a text', { origins: APP, revisions: '2025-06-18' }, { revisions: ['2025-06-18'] }],
  [
    'two revisions',
    { origins: APP, revisions: ['2025-11-25', '2026-07-28'] },
    { revisions: ['2025-11-25', '2026-07-28'] },
  ],
  [
    'endpoints',
    { origins: APP, endpoints: { '/api/tools': 'mcp', '/files/*': 'other', '/': 'mcp', '/*': 'other' } },
    { endpoints: { '/api/tools': 'mcp', '/files/*': 'other', '/': 'mcp', '/*': 'other' } },
  ],
  ['no endpoints', { origins: APP, endpoints: {} }, { endpoints: {} }],
  [
    'an endpoint with every unreserved character',
    { origins: APP, endpoints: { "/a-b._~!$&'()+,;=:@/.well-known": 'metadata' } },
    { endpoints: { "/a-b._~!$&'()+,;=:@/.well-known": 'metadata' } },
  ],
  ['browsers alone', { origins: APP, missingOrigin: 'deny' }, { missingOrigin: 'deny' }],
  ['native clients too', { origins: APP, missingOrigin: 'allow' }, { missingOrigin: 'allow' }],
  ['report only', { origins: APP, reportOnly: true }, { reportOnly: true }],
  ['debug', { origins: APP, debug: true }, { debug: true }],
  [
    'the null origin, dangerously',
    { origins: APP, dangerouslyAllowNullOrigin: true },
    { allowNullOrigin: true },
  ],
  ['any host, dangerously', { origins: APP, dangerouslyAllowAnyHost: true }, { allowAnyHost: true }],
  [
    'a regular expression',
    { origins: /^https:\/\/([a-z0-9-]+\.)*example\.com$/ },
    { origins: [{ type: 'regexp', text: String.raw`/^https:\/\/([a-z0-9-]+\.)*example\.com$/` }] },
  ],
  [
    'a regular expression as a text',
    { origins: [APP, String.raw`/^https:\/\/pr-\d+\.preview\.example\.com$/i`] },
    { origins: [{ type: 'exact' }, { text: String.raw`/^https:\/\/pr-\d+\.preview\.example\.com$/i` }] },
  ],
  [
    'a regular expression as an object and as a text',
    { origins: [/^https:\/\/a\.example\.com$/, String.raw`/^https:\/\/a\.example\.com$/`] },
    { origins: [{ text: String.raw`/^https:\/\/a\.example\.com$/` }] },
  ],
  [
    'credentials for a regular expression of localhost',
    { origins: /^https?:\/\/localhost(:\d+)?$/, credentials: true },
    { origins: [{ admitsInsecure: false }] },
  ],
  [
    'credentials over plain http for a regular expression, dangerously',
    {
      origins: /^http:\/\/a\.example\.com$/,
      credentials: true,
      dangerouslyAllowInsecureOrigins: true,
    },
    { origins: [{ admitsInsecure: true }], allowInsecureOrigins: true },
  ],
  [
    'a public suffix, dangerously',
    { origins: ['https://*.github.io', 'https://*.com'], dangerouslyAllowPublicSuffixes: true },
    { origins: [{ host: 'github.io' }, { host: 'com' }], allowPublicSuffixes: true },
  ],
  [
    'an open domain, dangerously',
    { origins: /^https:\/\/[a-z]+$/, dangerouslyAllowPublicSuffixes: true },
    { origins: [{ domains: undefined }] },
  ],
  [
    'a regular expression that spells a public suffix out',
    { origins: /^https:\/\/(github|gitlab)\.io$/ },
    { origins: [{ spelledOut: true, domains: ['github.io', 'gitlab.io'] }] },
  ],
  ['a name below a public suffix', { origins: 'https://*.me.github.io' }, {}],
  ['a public suffix by itself', { origins: ['https://github.io', 'https://github.io:*'] }, {}],
  [
    'a wildcard below what is no public suffix',
    { origins: ['http://*.localhost', 'https://*.internal'] },
    {},
  ],
  [
    'an alias as a text',
    { origins: APP, aliases: '.corp.example.com' },
    { aliases: [{ text: '.corp.example.com', leastLabels: 1 }] },
  ],
  [
    'aliases in a list, one twice',
    { origins: APP, aliases: ['.svc.cluster.local', '.b.example', '.b.example'] },
    { aliases: [{ endings: ['.svc.cluster.local', '.svc'], leastLabels: 2 }, { endings: ['.b.example'] }] },
  ],
  ['no aliases', { origins: APP, aliases: [] }, { aliases: [] }],
  ['a session secret', { origins: APP, sessions: { secret: SECRET } }, { sessions: {} }],
  ['session secrets', { origins: APP, sessions: { secret: [SECRET, `${SECRET}2`] } }, { sessions: {} }],
  ['a directory', { origins: DIRECTORY }, { origins: [], directories: [{}] }],
  ['a directory in a list', { origins: [DIRECTORY] }, { origins: [], directories: [{}] }],
  [
    'directories among patterns',
    { origins: [DIRECTORY, APP, new Set<string>()] },
    { origins: [{ text: APP }], directories: [{}, {}] },
  ],
  [
    'keys that are there without a value',
    {
      origins: APP,
      hosts: undefined,
      credentials: undefined,
      maxAge: undefined,
      revisions: undefined,
      endpoints: undefined,
    },
    { hosts: undefined, credentials: false, maxAgeSeconds: DEFAULT_MAX_AGE_SECONDS },
  ],
];

/** Sources of regular expressions, each with the code of what is wrong with it. */
const BAD_EXPRESSIONS: readonly (readonly [text: string, code: PolicyIssueCode])[] = [
  [String.raw`/https:\/\/a\.example\.com$/`, 'regexp-not-anchored'],
  [String.raw`/^https:\/\/a\.example\.com/`, 'regexp-not-anchored'],
  [String.raw`/example\.com/`, 'regexp-not-anchored'],
  [String.raw`/example\.com$/`, 'regexp-not-anchored'], // supergateway's README
  [String.raw`/^https:\/\/a\.example\.com|https:\/\/b\.example\.com$/`, 'regexp-not-anchored'],
  [String.raw`/^https:\/\/a\.example\.com$/g`, 'regexp-stateful'],
  [String.raw`/^https:\/\/a\.example\.com$/iy`, 'regexp-stateful'],
  [String.raw`/^https:\/\/a\.example\.com$/m`, 'regexp-flag'],
  [String.raw`/^https:\/\/a\.example\.com$/s`, 'regexp-flag'],
  [String.raw`/^https:\/\/a\.example\.com$/x`, 'regexp-flag'],
  [String.raw`/^https:\/\/a.example\.com$/`, 'regexp-unescaped-dot'],
  [String.raw`/^https:\/\/a\.example.com$/`, 'regexp-unescaped-dot'],
  [String.raw`/^https:\/\/(a\.example\.com$/`, 'regexp-syntax'],
  [String.raw`/^https:\/\/(?=a)a\.example\.com$/`, 'regexp-grammar'],
  [String.raw`/^https:\/\/(a)\1\.example\.com$/`, 'regexp-grammar'],
  [String.raw`/^https:\/\/a{257}\.example\.com$/`, 'regexp-too-complex'],
  [String.raw`/^https:\/\/[a-z.]+$/`, 'regexp-open-domain'],
  [String.raw`/^https:\/\/.*\.github\.io$/`, 'origin-public-suffix'],
  [String.raw`/^https:\/\/[a-z]+\.co\.uk$/`, 'origin-public-suffix'],
  [String.raw`/^https:\/\/.*\.(example\.com|github\.io)$/`, 'origin-public-suffix'],
  [String.raw`/^https:\/\/[ab]\.github\.io$/`, 'origin-public-suffix'],
  [String.raw`/^https:\/\/[a-z]+example\.com$/`, 'origin-public-suffix'],
  [String.raw`/^https:\/\/bücher\.example\.com$/`, 'origin-not-ascii'],
];

type Found = readonly (readonly [code: PolicyIssueCode, path: string])[];

/** Configurations that are bad, and every issue that each has. */
const BAD: readonly (readonly [name: string, config: unknown, issues: Found])[] = [
  ['nothing', undefined, [['config-not-object', '']]],
  ['sessions as a text', { origins: APP, sessions: SECRET }, [['wrong-type', 'sessions']]],
  ['sessions as a list', { origins: APP, sessions: [SECRET] }, [['wrong-type', 'sessions']]],
  ['sessions null', { origins: APP, sessions: null }, [['wrong-type', 'sessions']]],
  [
    'sessions without a secret',
    { origins: APP, sessions: {} },
    [['session-secret-missing', 'sessions.secret']],
  ],
  [
    'no session secrets',
    { origins: APP, sessions: { secret: [] } },
    [['session-secret-missing', 'sessions.secret']],
  ],
  [
    'a session secret that is no text',
    { origins: APP, sessions: { secret: 1 } },
    [['wrong-type', 'sessions.secret']],
  ],
  [
    'a session secret of 31 characters among others',
    { origins: APP, sessions: { secret: [SECRET, 's'.repeat(31)] } },
    [['session-secret-short', 'sessions.secret[1]']],
  ],
  [
    'an unknown key beside the secret',
    { origins: APP, sessions: { secret: SECRET, secrets: SECRET } },
    [['unknown-key', 'sessions.secrets']],
  ],
  ['null', null, [['config-not-object', '']]],
  ['a text', APP, [['config-not-object', '']]],
  ['a list', [APP], [['config-not-object', '']]],
  ['a number', 1, [['config-not-object', '']]],
  ['a function', () => APP, [['config-not-object', '']]],
  ['an empty object', {}, [['origins-missing', 'origins']]],
  ['an empty list of origins', { origins: [] }, [['origins-missing', 'origins']]],
  ['origins without a value', { origins: undefined }, [['origins-missing', 'origins']]],
  ['origins null, as YAML gives for an empty value', { origins: null }, [['wrong-type', 'origins']]],
  ['origins as a number', { origins: 1 }, [['wrong-type', 'origins']]],
  ['origins as an object', { origins: { 0: APP } }, [['wrong-type', 'origins']]],
  ['origins true', { origins: true }, [['wrong-type', 'origins']]],
  ['an origin that is no text', { origins: [APP, 1] }, [['wrong-type', 'origins[1]']]],
  ['an origin that is null', { origins: [null] }, [['wrong-type', 'origins[0]']]],
  ['a list within the list', { origins: [[APP]] }, [['wrong-type', 'origins[0]']]],
  ['an empty origin', { origins: '' }, [['origin-syntax', 'origins']]],
  ['an origin without a scheme', { origins: 'app.example.com' }, [['origin-syntax', 'origins']]],
  ['an origin without a host', { origins: ['https://'] }, [['origin-syntax', 'origins[0]']]],
  ['an origin with an empty label', { origins: ['https://a..b'] }, [['origin-syntax', 'origins[0]']]],
  [
    'an origin with a trailing dot',
    { origins: ['https://app.example.com.'] },
    [['origin-syntax', 'origins[0]']],
  ],
  ['an origin with a broken IPv6 address', { origins: ['https://[::1'] }, [['origin-syntax', 'origins[0]']]],
  ['an origin with white space', { origins: [` ${APP}`] }, [['origin-syntax', 'origins[0]']]],
  ['two origins in one text', { origins: `${APP},https://b.example` }, [['origin-has-path', 'origins']]],
  ['an origin that is too long', { origins: [`https://${LONG_HOST}`] }, [['origin-too-long', 'origins[0]']]],
  ['an origin of 100 kB', { origins: `https://${'a'.repeat(100_000)}` }, [['origin-too-long', 'origins']]],
  ['a trailing slash', { origins: `${APP}/` }, [['origin-has-path', 'origins']]],
  ['a path', { origins: `${APP}/mcp` }, [['origin-has-path', 'origins']]],
  ['a query', { origins: `${APP}?a=b` }, [['origin-has-path', 'origins']]],
  ['a user name', { origins: 'https://me@app.example.com' }, [['origin-has-userinfo', 'origins']]],
  ['upper case', { origins: 'https://App.example.com' }, [['origin-not-lower-case', 'origins']]],
  ['a scheme in upper case', { origins: 'HTTPS://app.example.com' }, [['origin-not-lower-case', 'origins']]],
  ['Unicode', { origins: 'https://bücher.example' }, [['origin-not-ascii', 'origins']]],
  ['the default port of https', { origins: `${APP}:443` }, [['origin-default-port', 'origins']]],
  ['the default port of http', { origins: 'http://localhost:80' }, [['origin-default-port', 'origins']]],
  ['port 0', { origins: `${APP}:0` }, [['origin-port-invalid', 'origins']]],
  ['port 65536', { origins: `${APP}:65536` }, [['origin-port-invalid', 'origins']]],
  ['an empty port', { origins: `${APP}:` }, [['origin-port-invalid', 'origins']]],
  ['a port with a leading zero', { origins: `${APP}:08443` }, [['origin-port-invalid', 'origins']]],
  ['a port with a wildcard', { origins: `${APP}:8*` }, [['origin-port-invalid', 'origins']]],
  ['any host of https', { origins: 'https://*' }, [['origin-wildcard-misplaced', 'origins']]],
  [
    'a wildcard within a label',
    { origins: 'https://app*.example.com' },
    [['origin-wildcard-misplaced', 'origins']],
  ],
  ['a wildcard at the end', { origins: 'https://app.*' }, [['origin-wildcard-misplaced', 'origins']]],
  ['two wildcards', { origins: 'https://*.*.example.com' }, [['origin-wildcard-misplaced', 'origins']]],
  ['a wildcard scheme', { origins: '*://app.example.com' }, [['origin-wildcard-misplaced', 'origins']]],
  [
    'a wildcard before an address',
    { origins: 'http://*.127.0.0.1' },
    [['origin-wildcard-misplaced', 'origins']],
  ],
  ['IPv4 in short form', { origins: 'http://127.1' }, [['origin-ip-not-canonical', 'origins']]],
  ['IPv4 in hexadecimal', { origins: 'http://0x7f.0.0.1' }, [['origin-ip-not-canonical', 'origins']]],
  ['IPv6 uncompressed', { origins: 'http://[0:0:0:0:0:0:0:1]' }, [['origin-ip-not-canonical', 'origins']]],
  ['file:', { origins: 'file:///' }, [['origin-scheme-unusable', 'origins']]],
  ['null as an origin', { origins: [APP, 'null'] }, [['origin-null', 'origins[1]']]],
  [
    'plain http with credentials',
    { origins: 'http://app.example.com', credentials: true },
    [['origin-insecure-with-credentials', 'origins']],
  ],
  [
    'plain http with a wildcard and credentials',
    { origins: [APP, 'http://*.example.com'], credentials: true },
    [['origin-insecure-with-credentials', 'origins[1]']],
  ],
  [
    'plain http with any port and credentials',
    { origins: ['http://app.example.com:*'], credentials: true },
    [['origin-insecure-with-credentials', 'origins[0]']],
  ],
  [
    'a private address with credentials',
    { origins: 'http://192.168.0.1', credentials: true },
    [['origin-insecure-with-credentials', 'origins']],
  ],
  [
    'a name that only begins like localhost, with credentials',
    {
      origins: ['http://localhost.example.com', 'http://notlocalhost', 'http://127.0.0.1.example.com'],
      credentials: true,
    },
    [
      ['origin-insecure-with-credentials', 'origins[0]'],
      ['origin-insecure-with-credentials', 'origins[1]'],
      ['origin-insecure-with-credentials', 'origins[2]'],
    ],
  ],
  [
    'any origin with credentials (Solr MCP #121)',
    { origins: '*', credentials: true },
    [['origin-any-with-credentials', 'origins']],
  ],
  [
    'any origin with credentials, and no override helps',
    {
      origins: '*',
      credentials: true,
      dangerouslyAllowInsecureOrigins: true,
      dangerouslyAllowAnyHost: true,
    },
    [['origin-any-with-credentials', 'origins']],
  ],
  ['any origin and another', { origins: ['*', APP] }, [['origin-any-not-alone', 'origins[0]']]],
  ['another origin and any', { origins: [APP, '*'] }, [['origin-any-not-alone', 'origins[1]']]],
  [
    'any origin and another, with credentials',
    { origins: [APP, '*'], credentials: true },
    [
      ['origin-any-with-credentials', 'origins[1]'],
      ['origin-any-not-alone', 'origins[1]'],
    ],
  ],
  [
    'the null origin with credentials',
    { origins: APP, credentials: true, dangerouslyAllowNullOrigin: true },
    [['null-origin-with-credentials', 'dangerouslyAllowNullOrigin']],
  ],
  [
    'several bad origins',
    { origins: ['null', APP, 'x', `${APP}/`] },
    [
      ['origin-null', 'origins[0]'],
      ['origin-syntax', 'origins[2]'],
      ['origin-has-path', 'origins[3]'],
    ],
  ],
  ['credentials as a text', { origins: APP, credentials: 'true' }, [['wrong-type', 'credentials']]],
  [
    'credentials as a text, which counts as none',
    { origins: '*', credentials: 'true' },
    [['wrong-type', 'credentials']],
  ],
  ['credentials null', { origins: APP, credentials: null }, [['wrong-type', 'credentials']]],
  ['credentials 1', { origins: APP, credentials: 1 }, [['wrong-type', 'credentials']]],
  [
    'flags of the wrong type',
    {
      origins: APP,
      reportOnly: 'yes',
      debug: 0,
      dangerouslyAllowNullOrigin: 'no',
      dangerouslyAllowInsecureOrigins: [],
      dangerouslyAllowAnyHost: {},
    },
    [
      ['wrong-type', 'reportOnly'],
      ['wrong-type', 'debug'],
      ['wrong-type', 'dangerouslyAllowNullOrigin'],
      ['wrong-type', 'dangerouslyAllowInsecureOrigins'],
      ['wrong-type', 'dangerouslyAllowAnyHost'],
    ],
  ],
  ['an unknown key', { origins: APP, colour: 'red' }, [['unknown-key', 'colour']]],
  ['a misspelt key', { origins: APP, credental: true }, [['unknown-key', 'credental']]],
  [
    'a key of another library',
    { origin: APP },
    [
      ['unknown-key', 'origin'],
      ['origins-missing', 'origins'],
    ],
  ],
  ['an unknown key without a value', { origins: APP, foo: undefined }, [['unknown-key', 'foo']]],
  [
    'a key that every object has',
    { origins: APP, constructor: 1, toString: 1 },
    [
      ['unknown-key', 'constructor'],
      ['unknown-key', 'toString'],
    ],
  ],
  [
    'a key __proto__ from JSON',
    JSON.parse(`{"origins":"${APP}","__proto__":{}}`),
    [['unknown-key', '__proto__']],
  ],
  ...BAD_EXPRESSIONS.map(([text, code]): (typeof BAD)[number] => [
    `the regular expression ${text}`,
    { origins: [APP, text] },
    [[code, 'origins[1]']],
  ]),
  [
    'regular expressions that remember, as objects',
    { origins: [/^https:\/\/a\.example\.com$/g, /^https:\/\/a\.example\.com$/y] },
    [
      ['regexp-stateful', 'origins[0]'],
      ['regexp-stateful', 'origins[1]'],
    ],
  ],
  [
    'a regular expression of plain http with credentials',
    { origins: /^https?:\/\/a\.example\.com$/, credentials: true },
    [['origin-insecure-with-credentials', 'origins']],
  ],
  ...['com', 'co.uk', 'github.io', 'vercel.app', 'pages.dev', 'herokuapp.com', 's3.amazonaws.com'].map(
    (suffix): (typeof BAD)[number] => [
      `every name under ${suffix}`,
      { origins: [`https://*.${suffix}`] },
      [['origin-public-suffix', 'origins[0]']],
    ],
  ),
  [
    'a public suffix, and another override',
    {
      origins: 'https://*.com',
      dangerouslyAllowPublicSuffixes: false,
      dangerouslyAllowInsecureOrigins: true,
    },
    [['origin-public-suffix', 'origins']],
  ],
  [
    'a public suffix and nothing in words',
    { origins: APP, dangerouslyAllowPublicSuffixes: 'yes' },
    [['wrong-type', 'dangerouslyAllowPublicSuffixes']],
  ],
  ...[
    '',
    '.',
    'svc.cluster.local',
    '..svc',
    '.svc.',
    '.Svc.cluster.local',
    '*.svc.cluster.local',
    '.a b',
    '.bücher.example',
    '.a:80',
  ].map((alias): (typeof BAD)[number] => [
    `the alias ${JSON.stringify(alias)}`,
    { origins: APP, aliases: ['.b.example', alias] },
    [['alias-syntax', 'aliases[1]']],
  ]),
  ...['.com', '.co.uk', '.github.io'].map((alias): (typeof BAD)[number] => [
    `the alias ${alias}`,
    { origins: APP, aliases: alias },
    [['alias-public-suffix', 'aliases']],
  ]),
  ['aliases as an object', { origins: APP, aliases: {} }, [['wrong-type', 'aliases']]],
  ['an alias that is no text', { origins: APP, aliases: [/a/] }, [['wrong-type', 'aliases[0]']]],
  ['any origin and a directory', { origins: ['*', DIRECTORY] }, [['origin-any-not-alone', 'origins[0]']]],
  [
    'bad origins behind directories',
    { origins: [DIRECTORY, 'null', APP, DIRECTORY, 1, /a/] },
    [
      ['origin-null', 'origins[1]'],
      ['wrong-type', 'origins[4]'],
      ['regexp-not-anchored', 'origins[5]'],
    ],
  ],
  ['what only looks like a directory', { origins: [{ has: true }] }, [['wrong-type', 'origins[0]']]],
  [
    'hosts of a public suffix',
    { origins: APP, hosts: ['a.com', '*.com'] },
    [['host-public-suffix', 'hosts[1]']],
  ],
  ['hosts of a hosting service', { origins: APP, hosts: '*.github.io' }, [['host-public-suffix', 'hosts']]],
  ['an empty list of hosts', { origins: APP, hosts: [] }, [['hosts-empty', 'hosts']]],
  ['hosts null', { origins: APP, hosts: null }, [['wrong-type', 'hosts']]],
  ['a host that is no text', { origins: APP, hosts: [8080] }, [['wrong-type', 'hosts[0]']]],
  ['an empty host', { origins: APP, hosts: '' }, [['host-syntax', 'hosts']]],
  ['any host', { origins: APP, hosts: '*' }, [['host-syntax', 'hosts']]],
  [
    'a host with a scheme',
    { origins: APP, hosts: ['https://mcp.example.com'] },
    [['host-syntax', 'hosts[0]']],
  ],
  ['a host with a path', { origins: APP, hosts: ['mcp.example.com/mcp'] }, [['host-syntax', 'hosts[0]']]],
  ['an IPv6 host without brackets', { origins: APP, hosts: ['::1'] }, [['host-syntax', 'hosts[0]']]],
  [
    'a host with a trailing dot',
    { origins: APP, hosts: ['mcp.example.com.'] },
    [['host-syntax', 'hosts[0]']],
  ],
  ['a good host and a bad one', { origins: APP, hosts: ['localhost', 'a b'] }, [['host-syntax', 'hosts[1]']]],
  ['a host with a bad port', { origins: APP, hosts: ['localhost:0'] }, [['host-syntax', 'hosts[0]']]],
  ['CONNECT', { origins: APP, methods: ['CONNECT'] }, [['method-forbidden', 'methods[0]']]],
  ['trace', { origins: APP, methods: 'PUT,trace' }, [['method-forbidden', 'methods']]],
  ['TRACK', { origins: APP, methods: ['PUT', 'Track'] }, [['method-forbidden', 'methods[1]']]],
  ['any method', { origins: APP, methods: '*' }, [['method-syntax', 'methods']]],
  ['a method with a space', { origins: APP, methods: ['PUT PATCH'] }, [['method-syntax', 'methods[0]']]],
  ['an empty method', { origins: APP, methods: '' }, [['method-syntax', 'methods']]],
  [
    'an empty method in a comma list',
    { origins: APP, methods: 'PUT,,PATCH' },
    [['method-syntax', 'methods']],
  ],
  ['a comma list within a list', { origins: APP, methods: ['PUT,PATCH'] }, [['method-syntax', 'methods[0]']]],
  ['methods as an object', { origins: APP, methods: {} }, [['wrong-type', 'methods']]],
  ['a method that is no text', { origins: APP, methods: ['PUT', null] }, [['wrong-type', 'methods[1]']]],
  [
    'a request header with a space',
    { origins: APP, allowedHeaders: ['X Api Key'] },
    [['request-header-syntax', 'allowedHeaders[0]']],
  ],
  [
    'a request header with its value',
    { origins: APP, allowedHeaders: 'X-A: b' },
    [['request-header-syntax', 'allowedHeaders']],
  ],
  [
    'a request header that splits the response',
    { origins: APP, allowedHeaders: ['X\r\nY'] },
    [['request-header-syntax', 'allowedHeaders[0]']],
  ],
  [
    'an empty request header',
    { origins: APP, allowedHeaders: '' },
    [['request-header-syntax', 'allowedHeaders']],
  ],
  ...[
    'Cookie',
    'HOST',
    'origin',
    'Content-Length',
    'Sec-Fetch-Site',
    'proxy-authorization',
    'Access-Control-Request-Method',
  ].map((name): (typeof BAD)[number] => [
    `the request header ${name}`,
    { origins: APP, allowedHeaders: ['X-A', name] },
    [['request-header-forbidden', 'allowedHeaders[1]']],
  ]),
  ...CORS_RESPONSE_HEADERS.map((name): (typeof BAD)[number] => [
    `the CORS response header ${name} as a request header`,
    { origins: APP, allowedHeaders: name.toUpperCase() },
    [['request-header-is-cors-response', 'allowedHeaders']],
  ]),
  [
    'any request header with credentials',
    { origins: APP, credentials: true, allowedHeaders: 'X-A, *' },
    [['request-header-any-with-credentials', 'allowedHeaders']],
  ],
  ['request headers as a number', { origins: APP, allowedHeaders: 1 }, [['wrong-type', 'allowedHeaders']]],
  [
    'a response header with a space',
    { origins: APP, exposedHeaders: ['X A'] },
    [['exposed-header-syntax', 'exposedHeaders[0]']],
  ],
  [
    'an empty response header',
    { origins: APP, exposedHeaders: ['X-A', ''] },
    [['exposed-header-syntax', 'exposedHeaders[1]']],
  ],
  [
    'exposing Set-Cookie',
    { origins: APP, exposedHeaders: ['Set-Cookie'] },
    [['exposed-header-forbidden', 'exposedHeaders[0]']],
  ],
  [
    'exposing set-cookie2',
    { origins: APP, exposedHeaders: 'X-A,set-cookie2' },
    [['exposed-header-forbidden', 'exposedHeaders']],
  ],
  [
    'exposing everything with credentials',
    { origins: APP, credentials: true, exposedHeaders: ['*'] },
    [['exposed-header-any-with-credentials', 'exposedHeaders[0]']],
  ],
  ['response headers as a flag', { origins: APP, exposedHeaders: true }, [['wrong-type', 'exposedHeaders']]],
  ...[-2, 86_401, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '600', null, true, [600]].map(
    (maxAge): (typeof BAD)[number] => [
      `a preflight cache of ${String(maxAge)} (${typeof maxAge})`,
      { origins: APP, maxAge },
      [['max-age-out-of-range', 'maxAge']],
    ],
  ),
  ['no revision', { origins: APP, revisions: [] }, [['revisions-empty', 'revisions']]],
  ['an unknown revision', { origins: APP, revisions: '2025-06-19' }, [['revision-unknown', 'revisions']]],
  ['a draft', { origins: APP, revisions: ['2025-06-18', 'draft'] }, [['revision-unknown', 'revisions[1]']]],
  ['a revision as a number', { origins: APP, revisions: [20250618] }, [['wrong-type', 'revisions[0]']]],
  ['revisions as a date', { origins: APP, revisions: new Date(0) }, [['wrong-type', 'revisions']]],
  ['endpoints as a list', { origins: APP, endpoints: ['/mcp'] }, [['wrong-type', 'endpoints']]],
  ['endpoints null', { origins: APP, endpoints: null }, [['wrong-type', 'endpoints']]],
  ['endpoints as a text', { origins: APP, endpoints: '/mcp' }, [['wrong-type', 'endpoints']]],
  ...[
    '',
    'mcp',
    '*',
    '/mcp?x',
    '/mcp#x',
    '/a/../b',
    '/a/.',
    '/./a/*',
    '/a//b',
    '//a',
    '/a b',
    '/a%2fb',
    '/a\\b',
    '/a*',
    '/a*/b',
    '/*/a',
    '/a/**',
    'http://x/mcp',
  ].map((path): (typeof BAD)[number] => [
    `the endpoint path ${JSON.stringify(path)}`,
    { origins: APP, endpoints: { [path]: 'mcp' } },
    [['endpoint-path-syntax', `endpoints[${JSON.stringify(path)}]`]],
  ]),
  [
    'an unknown kind',
    { origins: APP, endpoints: { '/a': 'rest' } },
    [['endpoint-kind-unknown', 'endpoints["/a"]']],
  ],
  [
    'a kind that is no text',
    { origins: APP, endpoints: { '/a': null, '/b': 'mcp' } },
    [['endpoint-kind-unknown', 'endpoints["/a"]']],
  ],
  [
    'a kind that every object has',
    { origins: APP, endpoints: { '/a': 'constructor' } },
    [['endpoint-kind-unknown', 'endpoints["/a"]']],
  ],
  ...['Deny', 'block', '', null, false, ['deny']].map((missingOrigin): (typeof BAD)[number] => [
    `missingOrigin ${JSON.stringify(missingOrigin)}`,
    { origins: APP, missingOrigin },
    [['missing-origin-invalid', 'missingOrigin']],
  ]),
  [
    'everything at once',
    {
      origin: APP,
      origins: ['*', 'null'],
      hosts: [],
      credentials: true,
      methods: ['TRACE', 'A B'],
      allowedHeaders: ['*', 'Cookie'],
      exposedHeaders: ['*', 'Set-Cookie'],
      maxAge: 100_000,
      revisions: [],
      endpoints: { mcp: 'mcp', '/a': 'b' },
      missingOrigin: 'maybe',
      debug: 'x',
      dangerouslyAllowNullOrigin: true,
    },
    [
      ['unknown-key', 'origin'],
      ['origin-any-with-credentials', 'origins[0]'],
      ['origin-any-not-alone', 'origins[0]'],
      ['origin-null', 'origins[1]'],
      ['hosts-empty', 'hosts'],
      ['method-forbidden', 'methods[0]'],
      ['method-syntax', 'methods[1]'],
      ['request-header-any-with-credentials', 'allowedHeaders[0]'],
      ['request-header-forbidden', 'allowedHeaders[1]'],
      ['exposed-header-any-with-credentials', 'exposedHeaders[0]'],
      ['exposed-header-forbidden', 'exposedHeaders[1]'],
      ['max-age-out-of-range', 'maxAge'],
      ['revisions-empty', 'revisions'],
      ['endpoint-path-syntax', 'endpoints["mcp"]'],
      ['endpoint-kind-unknown', 'endpoints["/a"]'],
      ['missing-origin-invalid', 'missingOrigin'],
      ['wrong-type', 'debug'],
      ['null-origin-with-credentials', 'dangerouslyAllowNullOrigin'],
    ],
  ],
];

/** What a reading found, in an order that does not depend on the order of the checks. */
function found(config: unknown): string[] {
  return (readPolicyConfig(config).issues ?? []).map(({ code, path }) => `${path} ${code}`).sort();
}

describe('good configurations', () => {
  test.each(GOOD)('%s', (_, config, settings) => {
    expect(found(config)).toEqual([]);
    expect(readPolicyConfig(config).settings).toMatchObject(settings);
  });

  it('a configuration with nothing but origins is complete and safe', () => {
    expect(readPolicyConfig({ origins: APP }).settings).toMatchObject({
      origins: [{ type: 'exact', text: APP, scheme: 'https', host: 'app.example.com' }],
      hosts: undefined,
      credentials: false,
      methods: [],
      allowedHeaders: [],
      exposedHeaders: [],
      maxAgeSeconds: 7200,
      revisions: REVISIONS,
      endpoints: {},
      missingOrigin: 'allow',
      reportOnly: false,
      debug: false,
      allowNullOrigin: false,
      allowAnyHost: false,
    });
  });

  it('does not change what it was given, nor follow later changes of it', () => {
    const config = {
      origins: [APP],
      hosts: ['a.example'],
      endpoints: { '/a': 'mcp' as const },
      methods: ['PUT'],
    };
    const copy = structuredClone(config);
    const { settings } = readPolicyConfig(config);
    expect(config).toEqual(copy);
    config.origins.push('*');
    config.hosts.push('evil.example');
    Object.assign(config.endpoints, { '/a': 'other' });
    config.methods.push('PATCH');
    expect(settings).toEqual(readPolicyConfig(copy).settings);
  });
});

describe('writePolicyConfig', () => {
  test.each(
    GOOD.filter(([, { origins }]) =>
      [origins].flat().every((one) => typeof one === 'string' || one instanceof RegExp),
    ),
  )('gives what reads as the same settings: %s', (_, config) => {
    const { settings } = readPolicyConfig(config);
    if (settings === undefined) throw new Error('the configuration is good');
    const written = readPolicyConfig(JSON.parse(JSON.stringify(writePolicyConfig(settings))));
    expect(JSON.stringify(written)).toBe(JSON.stringify({ settings }));
  });
});

describe('bad configurations', () => {
  test.each(BAD)('%s', (_, config, issues) => {
    expect(found(config)).toEqual(issues.map(([code, path]) => `${path} ${code}`).sort());
    expect(readPolicyConfig(config).settings).toBeUndefined();
  });

  test('there are enough of both', () => {
    expect(GOOD.length + BAD.length).toBeGreaterThanOrEqual(200);
  });

  test.each(Object.keys(POLICY_ISSUES))('%s has a case', (code) => {
    expect(BAD.some(([, , issues]) => issues.some(([found]) => found === code))).toBe(true);
  });

  test.each(POLICY_KEYS)('%s has a good case and a bad one', (key) => {
    const names = (config: unknown): boolean =>
      typeof config === 'object' && config !== null && key in config;
    expect(GOOD.some(([, config]) => names(config))).toBe(true);
    expect(BAD.some(([, config]) => names(config))).toBe(true);
  });

  it.each([
    [{ secret: SECRET }, [SECRET]],
    [{ secret: [SECRET, `${SECRET}2`] }, [SECRET, `${SECRET}2`]],
  ])('keeps session secrets where printing does not reach: case %#', (sessions, secrets) => {
    const { settings } = readPolicyConfig({ origins: APP, sessions });
    expect(settings?.sessions?.secrets).toEqual(secrets);
    expect(Object.isFrozen(settings?.sessions?.secrets)).toBe(true);
    expect(JSON.stringify(settings)).not.toContain(SECRET);
    expect(inspect(settings, { depth: 9 })).not.toContain(SECRET);
    expect(createPolicy({ origins: APP, sessions }).toConfig().sessions).toEqual({ secret: secrets });
    expect(createPolicy({ origins: APP }).toConfig()).not.toHaveProperty('sessions');
  });

  it.each([
    'hunter2hunter2',
    { secret: 'hunter2' },
    { secret: ['hunter2', { hunter2: 'hunter2' }] },
    { key: 'hunter2' },
    ['hunter2'],
  ])('leaves session secrets out of issues: case %#', (sessions) => {
    const { issues } = readPolicyConfig({ origins: APP, sessions });
    expect(issues).not.toEqual([]);
    expect(JSON.stringify(issues)).not.toContain('hunter2');
    expect(new PolicyConfigError(issues ?? []).message).not.toContain('hunter2');
  });

  it('gives the value that it found', () => {
    const { issues } = readPolicyConfig({ origins: [`${APP}/`], maxAge: '600', endpoints: { '/a': 'rest' } });
    expect(issues?.map(({ value }) => value)).toEqual([`${APP}/`, '600', 'rest']);
    const both = readPolicyConfig({ origins: APP, credentials: true, dangerouslyAllowNullOrigin: true });
    expect(both.issues?.map(({ value }) => value)).toEqual([true]);
  });

  test.each([
    [{ origins: 1 }, 'an origin, a list of them or a directory is expected'],
    [{ origins: APP, hosts: 1 }, 'a text or a list of texts is expected'],
    [{ origins: APP, hosts: [1] }, 'a text is expected'],
    [{ origins: APP, debug: 1 }, 'true or false is expected'],
    [{ origins: APP, endpoints: 1 }, 'an object of path: kind is expected'],
    [{ origins: APP, sessions: 1 }, 'an object with secret is expected'],
  ])('says which type is expected: %j', (config, expected) => {
    expect(readPolicyConfig(config).issues?.[0]?.message).toMatch(new RegExp(`: ${expected}$`));
  });

  it('finds every issue of a key beside those of the others', () => {
    // Any two bad configurations that name different keys have, put together, the issues of both.
    const lone = BAD.filter(
      (entry): entry is readonly [string, Record<string, unknown>, Found] =>
        typeof entry[1] === 'object' &&
        entry[1] !== null &&
        (entry[1] as { origins?: unknown }).origins === APP &&
        Object.keys(entry[1]).length === 2,
    );
    expect(lone.length).toBeGreaterThan(50);
    fc.assert(
      fc.property(fc.constantFrom(...lone), fc.constantFrom(...lone), ([, one, its], [, other, others]) => {
        if (Object.keys(one).some((key) => key !== 'origins' && key in other)) return;
        expect(found({ ...one, ...other })).toEqual(
          [...its, ...others].map(([code, path]) => `${path} ${code}`).sort(),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('remedies', () => {
  const remedyOf = (config: unknown): string | undefined => readPolicyConfig(config).issues?.[0]?.remedy;

  test.each([
    [{ origins: APP, credental: true }, 'Did you mean credentials?'],
    [{ origins: APP, MAXAGE: 1 }, 'Did you mean maxAge?'],
    [{ origins: APP, host: 'a' }, 'Did you mean hosts?'],
    [{ origins: APP, methdos: [] }, 'Did you mean methods?'],
    [{ origins: `${APP}/` }, `Write ${APP}.`],
    [{ origins: 'app.example.com' }, `Name the scheme: ${APP}.`],
    [{ origins: APP, hosts: 'https://mcp.example.com/mcp' }, 'Write mcp.example.com.'],
    [{ origins: APP, hosts: 'http://localhost:3000' }, 'Write localhost:3000.'],
    [{ origins: APP, sessions: { secret: SECRET, secrets: SECRET } }, 'Use secret.'],
  ])('%j: %s', (config, remedy) => {
    expect(remedyOf(config)).toBe(remedy);
  });

  it('names every key where none is near', () => {
    expect(remedyOf({ origins: APP, colour: 1 })).toBe(`Use some of ${POLICY_KEYS.join(', ')}.`);
  });

  it('does not guess a host from what has none', () => {
    for (const hosts of ['https://', 'xhttps://mcp.example.com']) {
      expect(remedyOf({ origins: APP, hosts })).toBe(POLICY_ISSUES['host-syntax'].remedy);
    }
  });
});

test('no value of any shape makes the reading throw, and a bad one never gives settings', () => {
  const keys = fc.constantFrom(...POLICY_KEYS, 'x');
  const value = fc.oneof(
    fc.anything(),
    fc.constantFrom<unknown>(APP, '*', true, ['*'], [APP], { '/a': 'mcp' }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.dictionary(keys, value)), (config) => {
      const { settings, issues } = readPolicyConfig(config);
      expect(settings === undefined).toBe(issues !== undefined);
      if (issues !== undefined) expect(issues.length).toBeGreaterThan(0);
      if (settings?.credentials) expect(settings.origins.some(({ type }) => type === 'any')).toBe(false);
    }),
    { numRuns: 2000 },
  );
});
