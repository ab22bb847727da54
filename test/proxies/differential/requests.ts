import type { Line } from '../../carriers/vectors.js';
import type { Sent } from './oracle.js';

/** Numbers that are the same for the same seed (mulberry32). */
export interface Chance {
  readonly below: (limit: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  readonly happens: (oneIn: number) => boolean;
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, pick: (from) => from[below(from.length)] as never, happens: (oneIn) => below(oneIn) === 0 };
}

const SIGNS = [...'_-"{}+^%60!~`;|&\'()*,$=%0b. \t/\\@?#:[]<>\0\x7f\x80\xe9\xff'];

/** A text with something done to it. */
function bent({ below, pick }: Chance, text: string): string {
  const at = below(text.length + 1);
  switch (below(12)) {
    case 0:
      return text.slice(0, at) + pick(SIGNS) + text.slice(at);
    case 1:
      return text.slice(0, at) + pick(SIGNS) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at + 1);
    case 3:
      return `${text}${pick(SIGNS)}${pick(['.evil.example', 'evil.example', '', '80'])}`;
    case 4:
      return text.toUpperCase();
    case 5:
      return text.slice(0, at) + text.charAt(at).toUpperCase() + text.slice(at + 1);
    case 6:
      return `${text}:${pick(['80', '443', '8443', '0', '065', '65535', '65536', '99999', '', '-1', '1e3', '*'])}`;
    case 7:
      return `${pick(['https://evil.example', 'null', '', '*', text])}${pick([',', ', ', ' ', '\t', '@', ' ,'])}${text}`;
    case 8:
      return `${text}${pick([',', ', ', ' ', '\t', ' ,'])}${pick(['https://evil.example', 'null', '', '*', text])}`;
    case 9:
      return text.replace('https', 'http');
    case 10:
      return text.replace(
        '://',
        pick([':/', '://x.', '://x', '://.', ':///', '://user@', '://-.', '://a.b.c.', '://[::1].']),
      );
    default:
      return text.replace(
        '.',
        pick(['x', '..', '-', '\u3002', '%2e', '.'.repeat(60), `${'a'.repeat(250)}.`]),
      );
  }
}

const METHODS = [
  'GET',
  'POST',
  'POST',
  'POST',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'OPTIONS',
  'OPTIONS',
  'PUT',
  'PATCH',
  'post',
  'options',
  'Post',
  'TRACE',
  'PRI',
  'QUERY',
  'x',
  '$m',
  'OPTIONSX',
];
const ASKED = [
  'GET',
  'POST',
  'DELETE',
  'HEAD',
  'PUT',
  'PATCH',
  'get',
  'post',
  '',
  'CONNECT',
  'TRACE',
  'POST ',
  'POST, GET',
  '*',
  'QUERY',
  'POST\t',
  'P0ST',
];
const NAMES = [
  'content-type',
  'authorization',
  'mcp-protocol-version',
  'mcp-session-id',
  'mcp-param-x',
  'MCP-Method',
  'accept',
  'last-event-id',
  'dpop',
  'x-extra',
];
const ODD_NAMES = [
  'x-evil',
  'mcp-param-',
  'mcp-param',
  'cookie',
  'host',
  '',
  ' ',
  '*',
  'mcp-param-ü',
  'content_type',
  'content-type:',
  'authorization;',
  `mcp-param-${'a'.repeat(140)}`,
  '"x"',
  '{x}',
  '${x}',
  '%{x}',
  'mcp-session-id2',
  'xcontent-type',
  'x\0y',
];
const TYPES = [
  'application/json',
  'application/json',
  'application/json',
  'text/plain',
  'text/plain; a=application/json',
  'application/json; charset=utf-8',
  'APPLICATION/JSON',
  'application/jsonx',
  'application/json,text/plain',
  'text/plain,application/json',
  '',
  'application/json;,',
  ' application/json\t',
  'multipart/form-data; boundary=application/json',
  'application/x-www-form-urlencoded',
  'application/json\0',
  'application/json text/plain',
  'application/json\x0b',
  'application/json;a="b,c"',
  `application/json;${'a'.repeat(9_000)}`,
];
const PATHS = [
  '/mcp',
  '/mcp',
  '/token',
  '/token',
  '/other',
  '/open/x',
  '/register',
  '/sse',
  '/messages',
  '/.well-known/oauth-protected-resource',
  '/',
];
const WAYS = [
  '/token/../mcp',
  '/token/%2e%2e/mcp',
  '/token/..;/mcp',
  '/token;/../mcp',
  '//token',
  '/token/',
  '/TOKEN',
  '/Token',
  '/token%2f',
  '/token%00',
  '/tok%65n',
  '/token\\..\\mcp',
  '/token/.',
  '/token/./',
  '/token?/mcp',
  '/token?x=/../mcp',
  '/token??',
  '/token#/mcp',
  '/token#',
  '/mcp#/token',
  '/mcp?/token',
  '/mcp%3f/token',
  '/mcp%23/token',
  '/mcp;/token',
  '/mcp/../token',
  '/mcp/%2e%2e/token',
  '/open/../mcp',
  '/open/%2e%2e/mcp',
  '/open/..%2fmcp',
  '/open/..\\mcp',
  '/open/.%2e/mcp',
  '/open//mcp',
  '/open/%2f..%2fmcp',
  '/OPEN/x',
  '/open',
  '/open/',
  '/openx',
  '/other/',
  '/other/x',
  '/Other',
  '/other%20',
  '/token\x80',
  '/token%0a',
  '/mcp%0a',
  '/mcp%0d%0aX:y',
  '/mcp//token',
  '//open/x',
  '/./token',
  '/.//token',
  '/%74oken',
  '/mcp/.well-known/openid-configuration',
  '/x/server-card',
  '/x/server-card/',
  '/token/server-card',
  '/{http.request.host}',
  '/{env.HOME}',
  '/$host',
  '/%{HTTP_HOST}',
  '/token"',
  "/token'",
  '/token`',
  '/token|',
  '/token&',
  'http://localhost/token',
  'http://evil.example/mcp',
  'HTTP://localhost/mcp',
  '*',
  'mcp',
  '/token%',
  '/token%zz',
  '/token%u002e',
  '?x',
  '/?',
  '/token?%00',
  `/token/${'a'.repeat(4_000)}`,
];
const SITES = [
  'cross-site',
  'same-site',
  'same-origin',
  'none',
  'Cross-Site',
  'cross-site ',
  '',
  'cross-site, none',
];
const DESTS = [
  'image',
  'document',
  'iframe',
  'empty',
  'Document',
  '',
  'script',
  'documents',
  'document, image',
];

/** What policies name, for requests to come near it. */
export interface Vicinity {
  readonly origins: readonly string[];
  readonly hosts: readonly string[];
}

/** A request near what a policy admits. */
export function nextRequest(chance: Chance, { origins, hosts }: Vicinity, port: number): Sent {
  const { pick, happens, below } = chance;
  const lines: Line[] = [];
  const name = (text: string): string =>
    happens(40)
      ? text.toUpperCase()
      : happens(60)
        ? text.replaceAll('-', '_')
        : happens(80)
          ? `${text}_`
          : text;
  const add = (header: string, value: string): void => {
    lines.push([name(header), value]);
  };
  const host = `${pick(hosts)}${pick(['', `:${port}`, `:${port}`])}`;
  if (!happens(40)) lines.push(['Host', happens(6) ? bent(chance, host) : host]);
  if (happens(60)) lines.push(['Host', pick([host, 'evil.example'])]);
  const origin = (): string => {
    const near = happens(8) ? `http://${host}` : pick(origins);
    return happens(3)
      ? near
      : happens(5)
        ? pick([
            'https://evil.example',
            'null',
            '',
            '*',
            'file://',
            'https://',
            `https://${'a.'.repeat(4_000)}com`,
            'http://[::ffff:7f00:1]',
            'http://127.0.0.1:1',
            'http://localhost.',
            'NULL',
          ])
        : bent(chance, near);
  };
  const plain = happens(2) ? pick(origins) : undefined;
  if (!happens(7)) add('Origin', plain ?? origin());
  if (happens(25)) add('Origin', origin());
  const method = pick(METHODS);
  if (method === 'OPTIONS' ? !happens(8) : happens(12)) {
    add('Access-Control-Request-Method', happens(3) ? pick(ASKED) : 'POST');
    if (happens(40)) add('Access-Control-Request-Method', pick(ASKED));
    for (let i = happens(10) ? 2 : happens(4) ? 0 : 1; i > 0; i--)
      add('Access-Control-Request-Headers', list(chance));
  }
  if (method === 'POST' ? !happens(8) : happens(6))
    add('Content-Type', happens(2) ? 'application/json' : pick(TYPES));
  if (happens(30)) add('Content-Type', pick(TYPES));
  if (happens(4)) add('Sec-Fetch-Site', pick(SITES));
  if (happens(4)) add('Sec-Fetch-Dest', pick(DESTS));
  if (happens(20))
    add(
      'Connection',
      pick([
        'Origin',
        'Content-Type',
        'Host',
        'Access-Control-Request-Method',
        'Sec-Fetch-Site',
        'close, Origin',
        'Upgrade',
      ]),
    );
  if (happens(30)) add('Upgrade', pick(['websocket', 'h2c', 'TLS/1.0']));
  if (happens(20))
    add(
      pick([
        'X-Forwarded-Host',
        'Forwarded',
        'X-Original-URL',
        'X-Rewrite-URL',
        'X-Forwarded-Proto',
        'X-HTTP-Method-Override',
        'X-Forwarded-Prefix',
      ]),
      pick(['localhost', 'evil.example', '/mcp', 'https', 'POST', 'host=localhost']),
    );
  const target = happens(3)
    ? pick(WAYS)
    : `${pick(PATHS)}${happens(8) ? pick(['?', '?a=b', '?a=%0a', '?/token', '/', '//', '%20', '.']) : ''}`;
  for (let i = below(2); i > 0; i--) lines.sort(() => below(3) - 1);
  return { method, target, lines };
}

function list(chance: Chance): string {
  const { below, pick, happens } = chance;
  const count = happens(25) ? 120 + below(20) : below(5);
  const joint = happens(6) ? pick([', ', ' ,', ',,', ',\t', ' , ', ',   ', ';', ' ', ', ,', ',\0']) : ',';
  return Array.from({ length: count }, (_, i) =>
    happens(6) && i < 5 ? pick(ODD_NAMES) : count > 50 ? `mcp-param-${i}` : pick(NAMES),
  ).join(joint);
}
