import type { Severity } from './report.js';

/** What is said of a fault wherever it is found. */
export interface FindingText {
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  /** What to change, in a sentence. */
  readonly remedy: string;
  /** Whether a CORS policy mends it, so that lines for the stack follow. */
  readonly byPolicy?: true;
  /** Whether it comes of two layers that both answer. */
  readonly layers?: true;
  /** Whether it is about streams, so that lines for a proxy that is recognised follow. */
  readonly byProxy?: true;
}

const error = (title: string, why: string, remedy: string): FindingText => ({
  severity: 'error',
  title,
  why,
  remedy,
});
const warning = (title: string, why: string, remedy: string): FindingText => ({
  severity: 'warning',
  title,
  why,
  remedy,
});
const info = (title: string, why: string, remedy: string): FindingText => ({
  severity: 'info',
  title,
  why,
  remedy,
});
const policy = (text: FindingText): FindingText => ({ ...text, byPolicy: true });

const EVERY_ANSWER =
  'Put the policy in front of everything that answers, error handlers and authentication included.';

/** Every finding of the journeys. Ids are stable; sentences are not. */
export const FINDINGS = {
  'no-cors': policy(
    error(
      'The server says nothing about CORS',
      'Without Access-Control-Allow-Origin a browser hands no answer to a page of another origin, and sends no request that needs a preflight.',
      'Give the server a policy that names the pages.',
    ),
  ),
  'origin-not-allowed': policy(
    error(
      'The server does not allow this origin',
      'The server allows some origins, and the page’s is not among them.',
      'Add the origin to the list, or check the page from an origin that is on it.',
    ),
  ),
  'allow-origin-doubled': {
    ...policy(
      error(
        'Access-Control-Allow-Origin is sent more than once',
        'Two layers answer for CORS, often the application and a proxy. Browsers join the values, and the result equals no origin.',
        'Let one layer answer for CORS: take it out of the application or out of the proxy.',
      ),
    ),
    layers: true,
  },
  'allow-origin-mismatch': policy(
    error(
      'Access-Control-Allow-Origin names another origin',
      'The value has to equal the page’s origin byte for byte: scheme, host and port, no slash at the end. A fixed value serves one page; one that comes from a shared cache was made for another page.',
      'Answer with the origin of the request when it is on the list, and add Vary: Origin.',
    ),
  ),
  'allow-origin-invalid': policy(
    error(
      'Access-Control-Allow-Origin is not an origin',
      'The value is neither "*" nor an origin, so that no page matches it.',
      'Send the origin as the browser does, scheme://host[:port], or *.',
    ),
  ),
  'preflight-401': policy(
    error(
      'The preflight is answered 401',
      'A browser sends a preflight without tokens or cookies. When authentication comes before CORS, it refuses every preflight.',
      `Answer OPTIONS before authentication. ${EVERY_ANSWER}`,
    ),
  ),
  'preflight-403': policy(
    error(
      'The preflight is answered 403',
      'Something refuses the preflight before CORS is looked at: an origin check of the MCP SDK, a firewall, or a policy that does not name the page.',
      'Put the policy before that check, and tell the check of the same origins.',
    ),
  ),
  'preflight-404': policy(
    error(
      'The preflight is answered 404',
      'The route is known for POST and not for OPTIONS, so that the preflight ends in the catch-all.',
      'Answer OPTIONS on the endpoint’s path.',
    ),
  ),
  'preflight-405': policy(
    error(
      'The preflight is answered 405',
      'The endpoint answers to its own methods and refuses OPTIONS.',
      'Answer OPTIONS on the endpoint’s path.',
    ),
  ),
  'preflight-4xx': policy(
    error(
      'The preflight is refused',
      'A preflight has to be answered with a status of 200 to 299, whatever its headers say.',
      'Answer OPTIONS with 204 and the headers of the policy.',
    ),
  ),
  'preflight-5xx': policy(
    error(
      'The preflight makes the server fail',
      'The server answers OPTIONS with an error of its own, or what stands in front of it finds no server.',
      'Look at the server’s log for OPTIONS, and answer preflights before the application.',
    ),
  ),
  'preflight-redirected': policy(
    error(
      'The preflight is redirected',
      'A browser follows no redirect of a preflight. Usual causes are a slash too few or too many, http to https, or a login page.',
      'Give pages the final URL, and answer OPTIONS there and before any login.',
    ),
  ),
  'preflight-without-cors': policy(
    error(
      'The preflight is answered without CORS headers',
      'Answers carry CORS headers and the preflight’s does not: the framework answers OPTIONS by itself before the policy does.',
      'Put the policy before the router.',
    ),
  ),
  'response-without-cors': policy(
    error(
      'The preflight passes and the answer carries no CORS headers',
      'The headers are needed on the answer as well as on the preflight’s.',
      EVERY_ANSWER,
    ),
  ),
  'allow-lists-malformed': policy(
    error(
      'An Access-Control-Allow list cannot be parsed',
      'Browsers read a comma list of names. Anything else in it makes them refuse the whole answer.',
      'Send names alone, separated by commas.',
    ),
  ),
  'protocol-version-not-allowed': policy(
    error(
      'The request header MCP-Protocol-Version is not allowed',
      'Clients send it on every request after initialize since revision 2025-06-18. A list without it lets initialize pass and blocks everything after.',
      'Add MCP-Protocol-Version to the allowed request headers.',
    ),
  ),
  'modern-headers-not-allowed': policy(
    warning(
      'The request headers Mcp-Method and Mcp-Name are not allowed',
      'Clients of revision 2026-07-28 send them on every request. The browser blocks the first one, and clients that can fall back to an older era without a word.',
      'Add Mcp-Method and Mcp-Name to the allowed request headers, and Mcp-Param-* as they are asked for.',
    ),
  ),
  'session-header-not-allowed': policy(
    error(
      'The request header Mcp-Session-Id is not allowed',
      'The server opens a session, and the page may not send its id.',
      'Add Mcp-Session-Id to the allowed request headers.',
    ),
  ),
  'content-type-not-allowed': policy(
    error(
      'The request header Content-Type is not allowed',
      'Every message is JSON, and a page may send that type only when the preflight allows the header.',
      'Add Content-Type to the allowed request headers.',
    ),
  ),
  'authorization-not-allowed': policy(
    error(
      'The request header Authorization is not allowed',
      'The server asks for a token, and the page may not send it.',
      'Add Authorization to the allowed request headers, by name: * does not cover it in every browser.',
    ),
  ),
  'last-event-id-not-allowed': policy(
    info(
      'The request header Last-Event-ID is not allowed',
      'A page that lost its stream cannot resume it where it was.',
      'Add Last-Event-ID to the allowed request headers.',
    ),
  ),
  'request-header-not-allowed': policy(
    error(
      'A request header that the client sends is not allowed',
      'A browser makes no request with a header that the preflight does not allow.',
      'Add the header to the allowed request headers.',
    ),
  ),
  'delete-not-allowed': policy(
    warning(
      'The method DELETE is not allowed',
      'A page cannot end its session: it stays open until the server’s time-out.',
      'Add DELETE to the allowed methods.',
    ),
  ),
  'method-not-allowed': policy(
    error(
      'A method that the client uses is not allowed',
      'A browser makes no request with a method that the preflight does not allow.',
      'Allow GET, POST and DELETE.',
    ),
  ),
  'session-id-not-exposed': policy(
    error(
      'The page cannot read Mcp-Session-Id',
      'The server opens a session and sends its id in a header that it does not expose. The client goes on without the id, and its next request is refused.',
      'Expose Mcp-Session-Id.',
    ),
  ),
  'expose-headers-on-preflight-only': policy(
    error(
      'Access-Control-Expose-Headers is on the preflight alone',
      'Browsers read that header on the answer itself; on a preflight it means nothing.',
      'Send Access-Control-Expose-Headers with every answer.',
    ),
  ),
  'www-authenticate-not-exposed': policy(
    error(
      'The page cannot read WWW-Authenticate',
      'The page sees the 401 and not where to sign in, so that sign-in never starts or starts at a guessed place.',
      'Expose WWW-Authenticate.',
    ),
  ),
  'wildcard-with-credentials': policy(
    warning(
      'Access-Control-Allow-Origin is * and credentials are allowed',
      'Browsers refuse "*" for requests with credentials, so that the two contradict each other; a layer that "mends" it by reflecting any origin opens the server to every page.',
      'Name the origins, or leave Access-Control-Allow-Credentials out: MCP clients send tokens in Authorization and need no cookies.',
    ),
  ),
  'unauthorized-without-cors': policy(
    error(
      'A 401 or 403 carries no CORS headers',
      'The page gets TypeError instead of the status: it cannot know that it is to sign in.',
      'Put the policy before authentication, so that its refusals carry the headers too.',
    ),
  ),
  'errors-without-cors': policy(
    warning(
      'Errors carry no CORS headers',
      'The page gets TypeError in place of the status: a lost session, a wrong request and a broken server look the same to it.',
      EVERY_ANSWER,
    ),
  ),
  'trailing-slash-redirect': error(
    'The endpoint redirects between its forms with and without a slash at the end',
    'The official clients set redirect: manual, and a browser hides where the redirect leads: the client gives up.',
    'Serve the endpoint at the URL that pages use, without a redirect, or give pages the other form.',
  ),
  'endpoint-redirected': error(
    'The endpoint redirects elsewhere',
    'The official clients set redirect: manual, and a browser hides where the redirect leads: the client gives up.',
    'Give pages the final URL.',
  ),
  'endpoint-of-other-origin': error(
    'The endpoint event names another origin',
    'HTTP+SSE clients refuse to post anywhere else than to the origin of their stream ("Endpoint origin does not match connection origin"). Behind a proxy, a server that builds an absolute URL names its internal one.',
    'Send a path in the endpoint event, or tell the server its public URL. The gateway rewrites the event.',
  ),
  'session-id-stripped': error(
    'The server wants a session id that it never sent, or that was lost on the way',
    'No Mcp-Session-Id comes with the answer to initialize, not even to a client that is no page, and the next message is refused for want of it: usually a proxy drops the header.',
    'Let Mcp-Session-Id through in both directions (proxy_pass_header or no proxy_hide_header in nginx, no list of headers that are passed on).',
  ),
  'lost-session-not-404': warning(
    'An unknown session is not answered with 404',
    'A client opens a new session when the server answers 404 to its id. Any other status leaves the page broken after each restart of the server.',
    'Answer 404 when the id in Mcp-Session-Id is unknown; 400 is for requests without one.',
  ),
  'metadata-not-readable': policy(
    error(
      'The page cannot read the metadata for sign-in',
      'Clients fetch the metadata of the resource and of the authorization server from the page. Without CORS headers they find nothing, and sign-in ends there.',
      'Answer GET and OPTIONS on the /.well-known/ paths with Access-Control-Allow-Origin: *; nothing secret is in them.',
    ),
  ),
  'register-not-readable': policy(
    error(
      'The page cannot register as a client',
      'Clients register from the page with a JSON POST, for which the preflight has to pass.',
      'Allow POST with Content-Type on the registration endpoint.',
    ),
  ),
  'token-not-readable': policy(
    error(
      'The page cannot ask for a token',
      'Clients exchange the code for a token from the page; those with a secret send Authorization, for which the preflight has to pass.',
      'Allow POST with Content-Type and Authorization on the token endpoint.',
    ),
  ),
  'mcp-param-tools': warning(
    'Tools want headers that browsers do not send',
    'Tools with x-mcp-header in their schema want Mcp-Param-* headers. The official client leaves them out in a browser, and the server refuses the call with -32020.',
    'Put the gateway in front, which fills the headers in, or take x-mcp-header out of the schemas.',
  ),
  'max-age-beyond-caps': info(
    'Access-Control-Max-Age is longer than browsers keep it',
    'Chromium keeps a preflight for at most 7200 seconds, Safari for 600, Firefox for 86400.',
    'A value up to 7200 says what happens.',
  ),
  'http1-stream-limit': info(
    'Every open tab holds one of six connections',
    'Over HTTP/1.1 a browser opens at most six connections to an origin, and each stream holds one: the seventh tab stalls without an error.',
    'Serve HTTP/2, which needs https.',
  ),
  'local-network-access': info(
    'The browser asks the user before it reaches this address',
    'The page comes from a public address and the server is on a private or loopback one. Chrome and Firefox ask for permission (Local Network Access); no response header grants it.',
    'Expect the prompt; in a frame, add allow="loopback-network" or allow="local-network".',
  ),
  'insecure-page-local-network': error(
    'A page over http may not reach a more private address',
    'Local Network Access is for secure contexts alone: the browser refuses without asking.',
    'Serve the page over https.',
  ),
  'mixed-content': error(
    'A page over https may not fetch over http',
    'The browser blocks mixed content before anything is sent. No response header changes that.',
    'Serve the MCP server over https.',
  ),
  'mixed-content-safari': info(
    'Safari blocks http to loopback from a page over https',
    'Chrome and Firefox count loopback as trustworthy; Safari does not.',
    'For Safari, serve the MCP server over https with a certificate that the machine trusts.',
  ),
  'unsafe-port': error(
    'Browsers do not connect to this port',
    'The Fetch standard blocks ports of other protocols (ERR_UNSAFE_PORT).',
    'Serve the MCP server at another port.',
  ),
  'host-not-accepted': error(
    'The server refuses its own host name',
    'The Host that clients send is not on the server’s list: usual behind a proxy that forwards the public name.',
    'Add the public host to the allowed hosts, or have the proxy send the upstream’s own Host.',
  ),
  'origin-refused': policy(
    error(
      'CORS allows the page, and a check of Origin refuses it',
      'The same request is carried out for a client that is no page, and refused for this origin: the preflight promises what the server, or the one behind it, does not keep. Usual causes are two lists of origins that differ, and a proxy that answers for CORS and forwards Origin to a server with a check of its own.',
      'Name the page in the check as well (allowedOrigins in the SDKs), or let what stands in front check Origin and not forward it.',
    ),
  ),
  'clients-blocked': error(
    'No client gets through',
    'Browsers block nothing, and yet no journey comes to its end: what the server answers is not what clients of its revision expect.',
    'Look at the note of the step at which the journeys end, and at the server’s log for that request.',
  ),
  'server-error': error(
    'The server fails',
    'The server, or what stands in front of it, answers with a status of 500 or above.',
    'Look at the server’s log; then check again.',
  ),
} satisfies Record<string, FindingText>;

/** An id of the table. */
export type FindingId = keyof typeof FINDINGS;
