import type { FindingText } from '../findings.js';
import type { Severity } from '../report.js';

/** What is said of a hole, and the advisory of the same class, if there is one. */
export interface AttackText extends FindingText {
  /** The class of attack, in a few words. */
  readonly attack: string;
  /** A published case, which readers can look up. */
  readonly sameClassAs?: string;
}

type Rest = Omit<AttackText, 'severity'>;

const error = (text: Rest): AttackText => ({ severity: 'error', ...text });
const warning = (text: Rest): AttackText => ({ severity: 'warning', ...text });
const info = (text: Rest): AttackText => ({ severity: 'info', ...text });

const EXACT =
  'Compare whole origins with a list, byte for byte; anchor a regular expression at both ends and escape its dots.';

/** A check of origins that takes a hostile one for an allowed one. */
const mismatch = (attack: string, title: string, how: string): AttackText =>
  error({
    attack,
    title,
    why: `${how} A page at such an origin gets what the server answers, and may send what an allowed page may.`,
    remedy: EXACT,
    byPolicy: true,
  });

/** Every finding of the attacks. Ids are stable; sentences are not. The severity is the one of the gravest circumstances. */
export const ATTACK_FINDINGS = {
  'foreign-origin-reflected': error({
    attack: 'origin reflection',
    title: 'Every origin is reflected',
    why: 'The server answers with whatever Origin it is sent: every page that a user visits reads its answers, and with credentials it does so as the user.',
    remedy: 'Answer with the origin of the request only when it is on a list.',
    sameClassAs: 'CVE-2026-34237 (Java SDK, any origin allowed)',
    byPolicy: true,
  }),
  'any-origin-allowed': error({
    attack: 'cross-origin request',
    title: 'Every origin is allowed',
    why: 'Access-Control-Allow-Origin is "*": every page that a user visits may read the answers. What a page cannot read is what only a token or a cookie opens.',
    remedy: 'Name the origins of the pages.',
    sameClassAs: 'CVE-2026-34237 (Java SDK, hard-coded "*")',
    byPolicy: true,
  }),
  'null-origin-allowed': error({
    attack: 'opaque origin',
    title: 'The origin null is allowed',
    why: 'Any page can have the origin "null": a sandboxed frame or a data: URL is enough.',
    remedy: 'Take "null" off the list. A page from file: needs a server of its own.',
    byPolicy: true,
  }),
  'origin-not-checked': error({
    attack: 'cross-origin request',
    title: 'Requests of foreign pages are carried out',
    why: 'The server acts on a request whose Origin it does not allow. Since revision 2025-11-25 MCP demands 403. Without that check, all that protects the server is that browsers ask before they send JSON.',
    remedy: 'Answer 403 to every request with an Origin that is not on the list.',
    sameClassAs: 'CVE-2025-49596 (MCP Inspector)',
    byPolicy: true,
  }),
  'host-not-checked': error({
    attack: 'DNS rebinding',
    title: 'Any Host is accepted',
    why: 'A page at a domain whose DNS entry changes to this server’s address is of the same origin as the server, as far as the browser knows: CORS does not apply, and Host is all that gives it away.',
    remedy:
      'Accept the server’s own host names and refuse the others with 421 or 403, before Origin is looked at.',
    sameClassAs: 'CVE-2025-66414 (TypeScript SDK) and CVE-2026-34742 (Go SDK)',
    byPolicy: true,
  }),
  'forwarded-host-trusted': error({
    attack: 'DNS rebinding',
    title: 'A forwarded host is believed',
    why: 'The server takes X-Forwarded-Host or Forwarded in place of Host. A page that got here by DNS rebinding is of the same origin and may set either.',
    remedy: 'Believe forwarded headers only on connections of your own proxy.',
    sameClassAs: 'CVE-2025-64443 (Docker MCP gateway, rebinding through a gateway)',
    byPolicy: true,
  }),
  'host-port-not-checked': info({
    attack: 'Host of another port',
    title: 'The host is accepted under any port',
    why: 'A browser sends the port that it connects to, so that no page gains by this alone. It matters where a proxy chooses by port who is served, and tells that Host is compared by name.',
    remedy: 'Name hosts with their ports where several servers share a name.',
  }),
  'host-ambiguous': info({
    attack: 'request ambiguity',
    title: 'A request that names two hosts is accepted',
    why: 'RFC 9112 wants 400 for two Host lines (section 3.2) and the host of an absolute request target in place of Host (section 3.2.2). No browser sends either; a proxy and a server that read them differently disagree about whom they serve.',
    remedy: 'Refuse such requests in the proxy or in the server.',
  }),
  'simple-post-accepted': error({
    attack: 'cross-site request without a preflight',
    title: 'A POST that needs no preflight is carried out',
    why: 'Browsers send such a POST for every page without asking the server first, a form is enough. The page cannot read the answer, and the tool has run.',
    remedy:
      'Refuse every POST with 415 unless its Content-Type is application/json, and foreign origins with 403.',
    sameClassAs: 'CVE-2026-33252 (Go SDK)',
    byPolicy: true,
  }),
  'content-type-substring': error({
    attack: 'cross-site request without a preflight',
    title: 'application/json is looked for anywhere in Content-Type',
    why: 'text/plain with a parameter that mentions application/json needs no preflight, and the server takes it for JSON: any page can make it act.',
    remedy: 'Compare the media type without its parameters.',
    sameClassAs: 'CVE-2026-33252 (Go SDK)',
    byPolicy: true,
  }),
  'content-type-ambiguous': info({
    attack: 'request ambiguity',
    title: 'A Content-Type that is empty or given twice is accepted',
    why: 'No browser sends that without asking first. A proxy that checks one of two lines and a server that reads the other disagree about what is JSON.',
    remedy: 'Refuse POSTs without exactly one Content-Type.',
  }),
  'content-type-not-checked': info({
    attack: 'cross-site request without a preflight',
    title: 'JSON is accepted as text/plain',
    why: 'Allowed pages can send messages without a preflight. Foreign ones are stopped by the check of Origin alone: where a browser or an extension sends none, nothing is left.',
    remedy: 'Refuse every POST with 415 unless its Content-Type is application/json.',
    byPolicy: true,
  }),
  'origin-prefix-matched': mismatch(
    'origin matched by its beginning',
    'Origins that begin like an allowed one are allowed',
    'The check looks at the beginning alone, and the rest can be anybody’s domain.',
  ),
  'origin-suffix-matched': mismatch(
    'origin matched by its end',
    'Origins that end like an allowed one are allowed',
    'The check looks at the end alone, and anybody can register a domain that ends the same.',
  ),
  'origin-substring-matched': mismatch(
    'origin matched by a part',
    'Origins that are part of an allowed one are allowed',
    'The check looks for one text in the other.',
  ),
  'origin-dot-unescaped': mismatch(
    'unescaped dot',
    'A dot in the allowed origin stands for any character',
    'In a regular expression an unescaped dot matches every character, and anybody can register such a domain.',
  ),
  'origin-special-character-matched': mismatch(
    'special character in a host',
    'Hosts that go on after a special character are allowed',
    'The check stops at a character that browsers take for part of the host.',
  ),
  'origin-look-alike-matched': mismatch(
    'look-alike domain',
    'A look-alike of the allowed domain is allowed',
    'The check takes letters of another alphabet for the Latin ones.',
  ),
  'localhost-prefix-matched': mismatch(
    'origin matched by its beginning',
    'Origins that begin like localhost are allowed',
    'localhost or 127.0.0.1 at the beginning of a host says nothing about the machine.',
  ),
  'third-party-allowed': mismatch(
    'page on shared hosting',
    'A place where anybody may publish is allowed',
    'Anybody can put a page there.',
  ),
  'scheme-downgrade-allowed': warning({
    attack: 'downgrade to http',
    title: 'Pages over http are allowed where https was meant',
    why: 'Whoever is on the user’s network can put words into a page over http, and speak to the server as that page.',
    remedy: 'Allow origins with https alone.',
    byPolicy: true,
  }),
  'port-any-allowed': warning({
    attack: 'other port of the same host',
    title: 'The allowed host is allowed at any port',
    why: 'Whatever else serves pages on that host is let in as well.',
    remedy: 'Name the ports, unless every service on that host is trusted.',
    byPolicy: true,
  }),
  'subdomain-any-allowed': info({
    attack: 'takeover of a subdomain',
    title: 'Every subdomain is allowed',
    why: 'One subdomain that is abandoned, or lets users publish, lets their pages in.',
    remedy: 'Name the subdomains, unless all of them are trusted.',
    byPolicy: true,
  }),
  'loopback-origin-allowed': info({
    attack: 'other program on the user’s machine',
    title: 'Pages from the user’s own machine are allowed',
    why: 'No loopback origin was named in this check, and the server allows one: whatever serves pages there is let in.',
    remedy: 'Allow loopback origins where developers work, and not in production.',
    byPolicy: true,
  }),
  'extension-any-allowed': info({
    attack: 'other browser extension',
    title: 'Every extension of that browser is allowed',
    why: 'The id of the extension is not looked at.',
    remedy: 'Name the id, where the browser keeps it: Firefox gives each installation its own.',
    byPolicy: true,
  }),
  'origin-loosely-parsed': info({
    attack: 'origin in another spelling',
    title: 'Origins that no browser sends are allowed',
    why: 'The check is not exact: it takes other spellings for the allowed origin. No page can use that today.',
    remedy: EXACT,
    byPolicy: true,
  }),
  'session-not-bound': warning({
    attack: 'session of another page',
    title: 'A session can be used by others than its page',
    why: 'Whoever learns a session id can go on in its place: another page, or a program. That a program claims the right Origin cannot be told apart, and no server can prevent it.',
    remedy: 'Bind sessions to the origin that opened them.',
    byPolicy: true,
  }),
  'session-id-guessable': error({
    attack: 'guessed session id',
    title: 'Session ids can be guessed',
    why: 'Ids that are short or counted are found by trying, and each is somebody’s session.',
    remedy: 'Use at least 128 random bits, such as crypto.randomUUID().',
  }),
  'session-id-not-checked': warning({
    attack: 'guessed session id',
    title: 'Session ids that were never issued are accepted',
    why: 'The server issues session ids and answers under others as well: clients cannot tell that their session is lost, and an id proves nothing.',
    remedy: 'Answer 404 to an id that is not known.',
  }),
  'session-outlives-delete': warning({
    attack: 'session after its end',
    title: 'A session goes on after DELETE',
    why: 'The server confirmed the end of the session and goes on to answer under its id: whoever has it can still use it.',
    remedy: 'Forget the session on DELETE and answer 404 afterwards.',
  }),
  'vary-missing': warning({
    attack: 'cache that mixes origins',
    title: 'Vary: Origin is missing',
    why: 'The answer depends on Origin and does not say so. A cache gives one page’s answer to another: the other page is refused, or reads what was not meant for it.',
    remedy: 'Send Vary: Origin with every answer, also when no Origin came and when it was refused.',
    byPolicy: true,
  }),
  'cached-across-origins': error({
    attack: 'cache that mixes origins',
    title: 'A cache answers one page with what another got',
    why: 'The answer came out of a cache, and its Access-Control-Allow-Origin is the one of another page.',
    remedy: 'Send Vary: Origin and Cache-Control: no-store, and have the cache leave this path alone.',
    byPolicy: true,
  }),
  'preflight-cost': warning({
    attack: 'expensive preflight',
    title: 'A hostile preflight is expensive',
    why: 'Preflights are answered before anybody signs in. One that costs the server far more than it costs the sender is a way to stop the service.',
    remedy:
      'Bound the length of Access-Control-Request-Headers and the number of its names before looking at them.',
    byPolicy: true,
  }),
  'preflight-fault': warning({
    attack: 'malformed preflight',
    title: 'A malformed preflight makes the server fail',
    why: 'The server answers with an error of its own to a preflight that it should refuse: something in it does not expect such input.',
    remedy: 'Look at the server’s log for this request, and answer preflights before the application.',
    byPolicy: true,
  }),
  'response-splitting': error({
    attack: 'response splitting',
    title: 'A request can write headers of the response',
    why: 'A line end in a request’s value becomes a line end in the response. Whoever can send such a request decides what caches and browsers take for the server’s headers.',
    remedy: 'Never decode a value and write it into a header; refuse control characters.',
  }),
} satisfies Record<string, AttackText>;

/** An id of the table. */
export type AttackId = keyof typeof ATTACK_FINDINGS;

/** The severity of an id, with what circumstances make of it. */
export function severityOf(id: AttackId, instead?: Severity): Severity {
  return instead ?? ATTACK_FINDINGS[id].severity;
}
