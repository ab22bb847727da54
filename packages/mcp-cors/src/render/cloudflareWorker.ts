import { type PlaceRule, placeRules } from './confinement.js';
import { always, DIRECTORIES, type Limit } from './limits.js';
import type { Plan, RoutePlan } from './plan.js';
import { configOf } from './script/config.js';
import { literalOf } from './script/literals.js';
import type { Target } from './target.js';

/** What a Worker cannot express. */
const LIMITS: readonly Limit[] = [
  DIRECTORIES,
  {
    id: 'hosts-unnamed',
    weakens: false,
    concerns: ({ hosts }) => hosts?.loopbackAlone === true,
    what: 'Without hosts in the policy only localhost is served, which is wrangler dev and nothing else.',
    why: 'A Worker does not know on which address a request came in.',
    instead: 'Name the hosts of the Worker in hosts: mcp.example.com, or NAME.ACCOUNT.workers.dev.',
  },
  {
    id: 'read-urls',
    weakens: false,
    concerns: always,
    what: 'Requests are looked at as URLs have them: dot segments are resolved, signs such as quotation marks and braces are escaped, so that a path in endpoints that has one is never met and counts as mcp, and a target that is no path, or a missing Host, is for the runtime to make a URL of.',
    why: 'A Worker gets a Request, whose URL is parsed already. The server gets what was looked at.',
    instead: 'Use paths that URLs leave as they are. What is looked at is what is forwarded.',
  },
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What cannot be a Request is refused before the Worker: CONNECT, TRACE, and OPTIONS *.',
    why: 'The Fetch standard has no such Request.',
    instead: 'Nothing: no browser and no MCP client sends it.',
  },
];

/** A Cloudflare Worker: the adapter for fetch handlers in front of a server that is somewhere else. */
export const CLOUDFLARE_WORKER: Target = Object.freeze({
  name: 'cloudflare-worker',
  title: 'Cloudflare Workers',
  file: 'worker.mjs',
  type: 'proxy',
  comment: '//',
  limits: LIMITS,
  use: ({ routes }) => [
    'npm install mcp-cors, then npx wrangler deploy with this wrangler.toml beside the file:',
    '',
    '    name = "mcp-cors"',
    '    main = "worker.mjs"',
    '    compatibility_date = "2025-09-01"',
    '    # So that the request to the server ends when the page goes:',
    '    compatibility_flags = ["enable_request_signal"]',
    '    routes = [{ pattern = "mcp.example.com", custom_domain = true }]',
    '',
    "Cloudflare ends a stream in which nothing comes for about 100 seconds: have the server send comments (lines that begin with a colon), or put mcp-cors gateway behind this Worker. Do not have the Worker's addresses cached.",
    ...(routes.some(({ policy }) => policy.settings.sessions !== undefined)
      ? [
          'Session ids are sealed with a secret that is not in this file: npx wrangler secret put MCP_CORS_SESSION_SECRETS, one a line, the first seals, all are accepted.',
        ]
      : []),
  ],
  render,
} satisfies Target);

function render(plan: Plan): string {
  const policies = [...new Set(plan.routes.map(({ policy }) => policy))];
  return [
    "import { mcpCors } from 'mcp-cors/fetch';",
    '',
    '// Each policy as createPolicy takes it.',
    `const POLICIES = ${literalOf(policies.map(({ settings }) => configOf(settings)))};`,
    '',
    '// Which of them seal session ids.',
    `const SEALED = ${literalOf(policies.map(({ settings }) => settings.sessions !== undefined))};`,
    '',
    '// The first that holds a path gets the request; the path of the server stands in place of its own.',
    `const ROUTES = ${literalOf(plan.routes.map((route) => routeOf(route, policies.indexOf(route.policy))))};`,
    '',
    '// Paths that the server could read as those of another route are not passed on. The first that matches tells.',
    `const PLACES = ${literalOf(placeRules(plan.routes).map(placeOf))};`,
    '',
    '// Answered for here; the server does not get them. Host is of the server, as fetch writes it.',
    `const DROPPED = ${literalOf([...plan.droppedRequestHeaders, ...HOP_BY_HOP])};`,
    '',
    CODE,
  ].join('\n');
}

function routeOf({ path, exact, upstream }: RoutePlan, policy: number): Readonly<Record<string, unknown>> {
  const { scheme, host, port } = upstream;
  return { path, exact, server: `${scheme}://${host}:${port}`, serverPath: upstream.path, policy };
}

/** JavaScript ignores case by a flag, and as part of an expression only since ES2025. */
function placeOf({ regexp, inside }: PlaceRule): Readonly<Record<string, unknown>> {
  return { regexp: regexp.replace('(?i:', '(?:'), flags: regexp.includes('(?i:') ? 'i' : '', inside };
}

/** Headers of one connection alone (RFC 9110 section 7.6.1). */
const HOP_BY_HOP: readonly string[] = [
  'Host',
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'Expect',
];

const CODE = `// Cloudflare gives each request an id of its own: CF-Ray.
const OPTIONS = { onDecision: report, requestId: false };

const places = PLACES.map(({ regexp, flags, inside }) => ({ regexp: new RegExp(regexp, flags), inside }));
let guarded;

export default {
  fetch(request, env) {
    guarded ??= POLICIES.map((policy, i) => mcpCors(withSecrets(policy, SEALED[i], env), OPTIONS)(forward));
    const route = findRoute(request);
    return route === undefined ? failure(404, 'Nothing is here') : guarded[route.policy](request, route);
  },
};

/** Writes down what was refused, or in report-only mode would have been: see wrangler tail, or the Worker's logs. */
function report({ outcome, reason, wouldDeny, method, path, host, origin }) {
  const line = JSON.stringify({ refused: wouldDeny ?? reason, method, path, host, origin });
  if (wouldDeny !== undefined) console.warn(\`mcp-cors would refuse: \${line}\`);
  else if (outcome === 'deny') console.log(\`mcp-cors: \${line}\`);
}

function withSecrets(policy, sealed, env) {
  if (!sealed) return policy;
  const secret = (env?.MCP_CORS_SESSION_SECRETS ?? '').split('\\n').filter((line) => line !== '');
  return { ...policy, sessions: { secret } };
}

function findRoute(request) {
  const { pathname } = new URL(request.url);
  if (places.find(({ regexp }) => regexp.test(pathname))?.inside === false) return undefined;
  return ROUTES.find(
    ({ path, exact }) =>
      pathname === path || (!exact && (path === '' || pathname.startsWith(\`\${path}/\`))),
  );
}

/** Hands a request that the policy lets through to its server; bodies and streams go on as they come. */
async function forward(request, route) {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of DROPPED) headers.delete(name);
  const target = \`\${route.server}\${route.serverPath}\${pathname.slice(route.path.length)}\${search}\`;
  const { method, body, signal } = request;
  try {
    const response = await fetch(target, { method, headers, body, signal, redirect: 'manual', duplex: 'half' });
    return new Response(response.body, response);
  } catch {
    // The policy's headers come on top, so that the page can read this.
    return failure(502, 'The server cannot be reached');
  }
}

function failure(status, message) {
  const body = { jsonrpc: '2.0', error: { code: -32603, message } };
  return Response.json(body, { status });
}
`;
