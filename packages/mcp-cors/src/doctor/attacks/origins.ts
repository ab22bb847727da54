import { domainToASCII } from 'node:url';
import { getDomain } from 'tldts';

/** A domain that nobody can register (RFC 2606 section 2): it stands for the attacker's. */
export const ATTACKER = 'mcp-cors-check.example';

/** Ways in which a check of origins is fooled. */
export type OriginClass =
  /** Any origin at all. */
  | 'reflection'
  | 'null'
  /** What begins with an allowed origin. */
  | 'prefix'
  /** What ends with an allowed host. */
  | 'suffix'
  /** What contains part of an allowed host. */
  | 'substring'
  /** A `.` of an allowed host that stands for any character. */
  | 'unescaped-dot'
  /** A host that goes on after a character which some parsers end it at, and browsers do not. */
  | 'special-character'
  | 'downgrade'
  | 'port'
  | 'subdomain'
  /** A host that begins like a loopback one. */
  | 'localhost-prefix'
  /** Loopback, where no loopback origin was named. */
  | 'loopback'
  /** A place where anybody may publish a page. */
  | 'third-party'
  | 'look-alike'
  | 'other-extension'
  /** What no browser sends: it opens no door by itself, and tells of a check that is not exact. */
  | 'loose-syntax';

/** An `Origin` to try. */
export interface OriginProbe {
  readonly class: OriginClass;
  /** The lines of the field. One, but for a field that is sent twice. */
  readonly lines: readonly string[];
  /** What it was made from: an allowed origin, or the server's own. */
  readonly from: string;
}

/** Most probes that are made from one allowed origin and the server's own. */
export const ORIGIN_PROBE_LIMIT = 120;

/** Characters that may stand in a host for some browser or resolver, and end a host for some regular expressions. */
const SPECIAL = [
  '_',
  '-',
  '"',
  '{',
  '}',
  '+',
  '^',
  '%60',
  '!',
  '~',
  '`',
  ';',
  '|',
  '&',
  "'",
  '(',
  ')',
  '*',
  ',',
  '$',
  '=',
  '%0b',
];
const LABELS = ['$', '~', '=', '+', '&', '*', ')', '(', "'", '!', ';', ',', '-', '_'];

/** Ports beside the scheme's own: other services of the same machine, and numbers at or beyond the bounds. */
const PORTS = ['8443', '444', '0', '65536'];

/** Where anybody may publish a page, by the host that such a page gets. */
const THIRD_PARTIES = [
  'https://mcp-cors-check.github.io',
  'https://jsbin.com',
  'https://codepen.io',
  'https://jsfiddle.net',
  'https://mcp-cors-check.repl.co',
];

/** Latin letters and the Cyrillic ones that look the same. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  a: '\u0430',
  e: '\u0435',
  o: '\u043e',
  c: '\u0441',
  p: '\u0440',
};

interface Parts {
  readonly origin: string;
  readonly scheme: string;
  readonly host: string;
  /** With its colon; empty for the scheme's own. */
  readonly port: string;
}

/**
 * The origins that a hostile page could have, or claim, against one allowed origin and the server's own host. The list is
 * in a fixed order, without duplicates and without any origin that is allowed.
 * @param allowed Every origin that the server is known to allow.
 * @param own The server's own origin, which its own pages may have.
 */
export function originProbes(
  origin: string,
  allowed: readonly string[],
  own: string,
): readonly OriginProbe[] {
  const legitimate = new Set([...allowed, own]);
  const seen = new Set<string>();
  const hostOf = (text: string): string | undefined => partsOf(text)?.host;
  const namedLoopback = [...legitimate].some((one) => isLoopback(hostOf(one) ?? ''));
  const candidates = [
    ...fromAllowed(origin),
    ...(own === origin ? [] : fromOwn(own)),
    ...(namedLoopback ? [] : LOOPBACKS.map((line) => probe('loopback', origin, line))),
  ];
  return candidates
    .filter(({ lines }) => {
      const key = lines.join('\n');
      if (legitimate.has(key) || seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, ORIGIN_PROBE_LIMIT);
}

const LOOPBACKS = ['http://localhost', 'http://127.0.0.1', 'http://[::1]'];

function probe(className: OriginClass, from: string, ...lines: readonly string[]): OriginProbe {
  return { class: className, from, lines };
}

function fromAllowed(origin: string): readonly OriginProbe[] {
  const parts = partsOf(origin);
  const of = (className: OriginClass, ...lines: readonly string[]): OriginProbe =>
    probe(className, origin, ...lines);
  const anywhere = [
    of('reflection', `https://${ATTACKER}`),
    of('reflection', 'https://mcp-cors-check.com'),
    of('null', 'null'),
  ];
  if (parts === undefined) return anywhere;
  const { scheme, host, port } = parts;
  if (scheme !== 'http' && scheme !== 'https') {
    return [...anywhere, of('other-extension', `${scheme}://${otherId(host)}`)];
  }
  return [
    ...anywhere,
    ...(port === '' ? [] : [of('reflection', `${scheme}://${ATTACKER}${port}`)]),
    ...matches(parts),
    ...relatives(parts),
    of('localhost-prefix', `http://localhost.${ATTACKER}`),
    of('localhost-prefix', `http://127.0.0.1.${ATTACKER}`),
    of('loose-syntax', `http://localhost:80@${ATTACKER}`),
    ...THIRD_PARTIES.map((line) => of('third-party', line)),
    ...loose(parts),
    ...SPECIAL.map((character) => of('special-character', `${scheme}://${host}${character}.${ATTACKER}`)),
    ...LABELS.map((label) => of('special-character', `${scheme}://${host}.${label}.${ATTACKER}`)),
  ];
}

/** What careless string operations take for the allowed origin. */
function matches({ origin, scheme, host, port }: Parts): readonly OriginProbe[] {
  const of = (className: OriginClass, line: string): OriginProbe => probe(className, origin, line);
  const domain = registrable(host);
  const probes = [
    of('prefix', `${scheme}://${host}.${ATTACKER}`),
    of('prefix', `${scheme}://${host}${ATTACKER}`),
    of('suffix', `${scheme}://evil${host}${port}`),
    of('suffix', `${scheme}://evil${domain}${port}`),
  ];
  if (isAddress(host)) return probes;
  const dots = [...host].flatMap((character, i) => (character === '.' ? [i] : []));
  const [first] = dots;
  const last = dots.at(-1);
  if (host.length > 1) probes.push(of('substring', `${scheme}://${host.slice(1)}${port}`));
  if (domain !== host) probes.push(of('substring', `${scheme}://${domain.slice(1)}${port}`));
  if (first !== undefined && last !== undefined) {
    const without = (at: number): string => `${host.slice(0, at)}x${host.slice(at + 1)}`;
    probes.push(
      of('unescaped-dot', `${scheme}://${without(first)}${port}`),
      of('unescaped-dot', `${scheme}://${without(last)}${port}`),
      of('unescaped-dot', `${scheme}://${host.replaceAll('.', 'x')}${port}`),
    );
  }
  const alike = lookAlike(host, domain);
  if (alike !== undefined) probes.push(of('look-alike', `${scheme}://${alike}${port}`));
  return probes;
}

/** Other origins of the same host or of its domain. */
function relatives({ origin, scheme, host, port }: Parts): readonly OriginProbe[] {
  const of = (className: OriginClass, line: string): OriginProbe => probe(className, origin, line);
  const probes: OriginProbe[] = [];
  if (scheme === 'https') probes.push(of('downgrade', `http://${host}${port}`));
  for (const number of PORTS) {
    const real = Number(number) > 0 && Number(number) < 65_536;
    if (`:${number}` !== port)
      probes.push(of(real ? 'port' : 'loose-syntax', `${scheme}://${host}:${number}`));
  }
  if (port === '') {
    probes.push(of('loose-syntax', `${origin}:${scheme === 'https' ? 443 : 80}`));
  } else {
    // A prefix match on the whole origin takes :30001 for :3000, and an absent port for nothing.
    if (Number(`${port.slice(1)}1`) < 65_536) probes.push(of('prefix', `${origin}1`));
    probes.push(of('port', `${scheme}://${host}`));
  }
  if (isAddress(host)) return probes;
  const domain = registrable(host);
  for (const [name, from] of [
    ['evil', host],
    ['mcp-cors-check', domain],
  ]) {
    probes.push(of('subdomain', `${scheme}://${name}.${from}${port}`));
    if (scheme === 'https') probes.push(of('downgrade', `http://${name}.${from}${port}`));
  }
  return probes;
}

/** What no browser sends as an Origin, or what names the same page in another spelling. */
function loose({ origin, scheme, host, port }: Parts): readonly OriginProbe[] {
  const of = (...lines: readonly string[]): OriginProbe => probe('loose-syntax', origin, ...lines);
  return [
    of(`${origin}@${ATTACKER}`),
    of(`${origin}/`),
    of(`${scheme}://${host.toUpperCase()}${port}`),
    of(`https://${ATTACKER}, ${origin}`),
    of(`https://${ATTACKER}`, origin),
    of(`${scheme}://${host}.${port}`),
    of('http://2130706433'),
    of('http://0x7f000001'),
    of('http://[0:0:0:0:0:0:0:1]'),
    of(`${origin}\0.${ATTACKER}`),
    of(`${origin}\r.${ATTACKER}`),
    of(`${origin}.${'a'.repeat(65_536)}`),
  ];
}

/** The server's own host, which a check may take for an origin of its own. */
function fromOwn(own: string): readonly OriginProbe[] {
  const parts = partsOf(own);
  if (parts === undefined) return [];
  const { scheme, host, port } = parts;
  const of = (className: OriginClass, line: string): OriginProbe => probe(className, own, line);
  return [
    of('prefix', `${scheme}://${host}.${ATTACKER}`),
    of('prefix', `${scheme}://${host}.${ATTACKER}${port}`),
    of('prefix', `${scheme}://${host}${ATTACKER}`),
    of('suffix', `${scheme}://evil${host}${port}`),
    of('port', `${scheme}://${host}:${port === ':8443' ? '444' : '8443'}`),
    ...(scheme === 'https' ? [of('downgrade', `http://${host}${port}`)] : []),
    ...(isAddress(host) ? [] : [of('subdomain', `${scheme}://evil.${host}${port}`)]),
  ];
}

function partsOf(origin: string): Parts | undefined {
  const found = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]*\]|[^:/]*)(:\d+)?$/.exec(origin);
  if (found === null) return undefined;
  const [, scheme = '', host = '', port = ''] = found;
  return { origin, scheme, host, port };
}

/** The domain that someone can register; the host itself where there is none, as for `localhost` and addresses. */
function registrable(host: string): string {
  return getDomain(host, { allowPrivateDomains: true }) ?? host;
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || /^[\d.]+$/.test(host);
}

/** Whether a host is the machine itself, for every browser. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);
}

function lookAlike(host: string, domain: string): string | undefined {
  const at = [...domain].findIndex((letter) => letter in LOOK_ALIKES);
  if (at === -1) return undefined;
  const alike = `${domain.slice(0, at)}${LOOK_ALIKES[domain[at] ?? '']}${domain.slice(at + 1)}`;
  const ascii = domainToASCII(alike);
  return ascii === '' ? undefined : `${host.slice(0, host.length - domain.length)}${ascii}`;
}

/** An id of the same form. */
function otherId(id: string): string {
  const other = id.replace(/[a-z0-9]/g, (character) => (/[0-9]/.test(character) ? '0' : 'a'));
  return other === id ? id.replace(/[a-z0-9]/g, 'b') : other;
}
