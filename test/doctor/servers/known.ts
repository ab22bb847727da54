/** A failure that people met, and the server that shows it to the doctor. */
export interface KnownFailure {
  readonly what: string;
  /** Public threads in which it was reported, by repository and number, or what a real Chromium did. */
  readonly seen: readonly string[];
  /** The name of the server, and the finding that names the fault. */
  readonly shownBy: readonly [server: string, finding: string];
}

const CHROMIUM = 'seen in Chromium';

/** Failures by their symptoms. Each has a server on which the tests see it, and no row may stay without. */
export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    what: 'initialize passes and the next message is blocked: the header of the version is not allowed',
    seen: [CHROMIUM, 'netdata#22258'],
    shownBy: ['Express with the published recipe', 'protocol-version-not-allowed'],
  },
  {
    what: 'nothing is said about CORS, and people write proxies of their own',
    seen: [CHROMIUM, 'mcp-gateway#544'],
    shownBy: ['a server without a word of CORS', 'no-cors'],
  },
  {
    what: 'clients of 2026-07-28 fall back to an older era without a word',
    seen: [CHROMIUM],
    shownBy: ['a list of headers from before 2026-07-28', 'modern-headers-not-allowed'],
  },
  {
    what: 'the session id is not exposed: initialize is answered 200, the next POST 400',
    seen: [CHROMIUM, 'python-sdk#1135', 'inspector#841'],
    shownBy: ['a session id that is not exposed', 'session-id-not-exposed'],
  },
  {
    what: 'CORS after the check of Origin that the SDK’s own application makes',
    seen: [CHROMIUM],
    shownBy: ['createMcpExpressApp() then cors()', 'preflight-403'],
  },
  {
    what: 'a tool that wants a parameter in a header is refused with -32020',
    seen: [CHROMIUM],
    shownBy: ['tools that want headers', 'mcp-param-tools'],
  },
  {
    what: 'a redirect to a slash at the end is hidden from the client',
    seen: [CHROMIUM, 'fastmcp#991', 'initiative#1773'],
    shownBy: ['a slash too many', 'trailing-slash-redirect'],
  },
  {
    what: 'a 401 whose WWW-Authenticate the page cannot read: sign-in never starts',
    seen: [CHROMIUM, 'twenty#19836'],
    shownBy: ['WWW-Authenticate that is not exposed', 'www-authenticate-not-exposed'],
  },
  {
    what: 'Access-Control-Allow-Origin twice, by two layers',
    seen: ['github-mcp-server#1175', 'github-mcp-server#1321'],
    shownBy: ['nginx that doubles Access-Control-Allow-Origin', 'allow-origin-doubled'],
  },
  {
    what: 'preflights are asked for a token',
    seen: ['ai-gateway#2307', 'mcp-context-forge#2152', 'adcp#1136'],
    shownBy: ['authentication before CORS', 'preflight-401'],
  },
  {
    what: 'several faults at once, of which a browser tells the first alone',
    seen: ['typo3-mcp-server#115'],
    shownBy: ['four faults at once, the first of which hides the others from a browser', 'preflight-401'],
  },
  {
    what: '421 behind a proxy that forwards the public name',
    seen: ['fastmcp#4468', 'graphiti#1745', 'python-sdk#2688'],
    shownBy: ['a server that refuses its own host', 'host-not-accepted'],
  },
  {
    what: 'the preflight passes and a check of Origin behind it answers 403',
    seen: ['kuadrant-console-plugin#748', 'worldmonitor#4802'],
    shownBy: [
      'a gateway that answers for CORS and forwards Origin to a server that checks it',
      'origin-refused',
    ],
  },
  {
    what: 'headers are exposed on the preflight, where that means nothing',
    seen: ['kernel-mcp-server#128'],
    shownBy: ['headers exposed on the preflight alone', 'expose-headers-on-preflight-only'],
  },
  {
    what: 'the server closes connections sooner than the load balancer',
    seen: ['growthbook-mcp#74'],
    shownBy: ['Node’s own time-out of five seconds', 'keep-alive-short'],
  },
  {
    what: 'an idle stream is cut',
    seen: ['agentdeals#1098'],
    shownBy: ['nginx that closes idle streams', 'stream-cut-idle'],
  },
  {
    what: '400 in place of 404 for a session that is gone',
    seen: ['supergateway#123'],
    shownBy: ['a lost session answered 400', 'lost-session-not-404'],
  },
  {
    what: 'an endpoint event with the internal URL behind a proxy',
    seen: [],
    shownBy: ['an endpoint event with an internal URL', 'endpoint-of-other-origin'],
  },
  {
    what: 'an expression without an anchor lets other domains in',
    seen: [],
    shownBy: ['supergateway --cors with the expression of its README', 'origin-suffix-matched'],
  },
];
