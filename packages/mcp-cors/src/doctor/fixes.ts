import { REVISIONS, unionOfNeeds } from '../policy/revisions.js';
import type { FindingText } from './findings.js';
import type { Fingerprint } from './report.js';
import { isFront } from './stacks.js';

/** What a fix is for. */
export interface Patient {
  readonly stacks: readonly Fingerprint[];
  /** The origins that were checked: the pages to let in. */
  readonly origins: readonly string[];
  readonly target: string;
}

const NEEDS = unionOfNeeds(REVISIONS);
const METHODS = NEEDS.methods;
const REQUEST_HEADERS = NEEDS.requestHeaders;
const RESPONSE_HEADERS = NEEDS.responseHeaders;

/** A list of quoted texts, over as many lines as it needs. */
function quoted(texts: readonly string[], quote: string, indent: string): string {
  const lines: string[] = [];
  for (const text of texts.map((one) => `${quote}${one}${quote}`)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + text.length < 64) lines[lines.length - 1] = `${last}, ${text}`;
    else lines.push(text);
  }
  return lines.join(`,\n${indent}`);
}

/** Lines for one stack; `origins` are the pages to let in. */
interface StackFix {
  /** The stack's name, as it is known. */
  readonly name: string;
  readonly lines: (origins: readonly string[], place: Place) => string;
}

/** Where a proxy stands: the path that it serves, and an example of what it passes requests to. */
interface Place {
  readonly path: string;
  readonly upstream: string;
}

const js = (origins: readonly string[]): string => origins.map((origin) => `'${origin}'`).join(', ');

/** A regular expression that matches these origins alone. */
const anyOf = (origins: readonly string[]): string =>
  origins.map((origin) => origin.replaceAll(/[.+?^$()[\]{}|\\]/g, '\\$&')).join('|');

const STARLETTE = (
  origins: readonly string[],
): string => `from starlette.middleware.cors import CORSMiddleware

# Added last, it runs first: before authentication and around errors.
app.add_middleware(
    CORSMiddleware,
    allow_origins=[${quoted(origins, '"', '                   ')}],
    allow_methods=[${quoted(METHODS, '"', '                   ')}],
    allow_headers=[${quoted(REQUEST_HEADERS, '"', '                   ')}],
    expose_headers=[${quoted(RESPONSE_HEADERS, '"', '                    ')}],
    max_age=7200,
)`;

/** What mends CORS in each stack, in the words of that stack. */
const FIXES: Readonly<Record<string, StackFix>> = {
  'mcp-cors': {
    name: 'the policy that is there already',
    lines: (
      origins,
    ) => `// In mcp-cors.yaml, or in what mcpCors() of mcp-cors/express and the others is given:
origins: [${js(origins)}]`,
  },
  'typescript-sdk': {
    name: 'the TypeScript SDK',
    lines: (origins) => `import { createServer } from 'node:http';
import { mcpCors } from 'mcp-cors/node';

// In front of the application: its own Origin check refuses preflights.
const policy = mcpCors({ origins: [${js(origins)}] });
createServer(policy(app)).listen(port);`,
  },
  express: {
    name: 'Express',
    lines: (origins) => `import { mcpCors } from 'mcp-cors/express';

// Before routes and authentication.
app.use(mcpCors({ origins: [${js(origins)}] }));`,
  },
  fastify: {
    name: 'Fastify',
    lines: (origins) => `import { mcpCors } from 'mcp-cors/fastify';

// Before routes.
await app.register(mcpCors({ origins: [${js(origins)}] }));`,
  },
  hono: {
    name: 'Hono',
    lines: (origins) => `import { mcpCors } from 'mcp-cors/hono';

// Before routes.
app.use(mcpCors({ origins: [${js(origins)}] }));`,
  },
  fastapi: { name: 'FastAPI or Starlette', lines: STARLETTE },
  'python-sdk': {
    name: 'the Python SDK',
    lines: (origins) => `app = mcp.streamable_http_app()\n\n${STARLETTE(origins)}`,
  },
  go: {
    name: 'Go',
    lines: (origins) => `func cors(next http.Handler) http.Handler {
	allowed := map[string]bool{${origins.map((origin) => `"${origin}": true`).join(', ')}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); allowed[origin] {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "${RESPONSE_HEADERS.join(', ')}")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "${METHODS.join(', ')}")
				h.Set("Access-Control-Allow-Headers", "${REQUEST_HEADERS.join(', ')}")
				h.Set("Access-Control-Max-Age", "7200")
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}`,
  },
  aspnet: {
    name: 'ASP.NET',
    lines: (origins) => `builder.Services.AddCors(options => options.AddPolicy("mcp", policy => policy
    .WithOrigins(${quoted(origins, '"', '                 ')})
    .WithMethods(${quoted(METHODS, '"', '                 ')})
    .WithHeaders(${quoted(REQUEST_HEADERS, '"', '                 ')})
    .WithExposedHeaders(${quoted(RESPONSE_HEADERS, '"', '                        ')})
    .SetPreflightMaxAge(TimeSpan.FromSeconds(7200))));

app.UseCors("mcp"); // before UseAuthentication`,
  },
  spring: {
    name: 'Spring',
    lines: (origins) => `@Bean
CorsConfigurationSource corsConfigurationSource() {
    var cors = new CorsConfiguration();
    cors.setAllowedOrigins(List.of(${quoted(origins, '"', '            ')}));
    cors.setAllowedMethods(List.of(${quoted(METHODS, '"', '            ')}));
    cors.setAllowedHeaders(List.of(${quoted(REQUEST_HEADERS, '"', '            ')}));
    cors.setExposedHeaders(List.of(${quoted(RESPONSE_HEADERS, '"', '            ')}));
    cors.setMaxAge(7200L);
    var source = new UrlBasedCorsConfigurationSource();
    source.registerCorsConfiguration("/**", cors);
    return source;
}
// With Spring Security: http.cors(Customizer.withDefaults()), which answers preflights before authentication.`,
  },
  cloudflare: {
    name: 'a Cloudflare Worker',
    lines: (origins) => `import { mcpCors } from 'mcp-cors/fetch';

const policy = mcpCors({
  origins: [${js(origins)}],
  hosts: ['your-host.example.com'],
});
export default { fetch: policy(handler) };`,
  },
  supergateway: {
    name: 'supergateway',
    lines: (origins) => `npx supergateway --cors ${origins.map((origin) => shell(origin)).join(' ')} ...
# Whole origins alone: a regular expression without anchors lets others in, and neither checks Host.
# With --outputTransport streamableHttp, --stateful exposes Mcp-Session-Id.`,
  },
  'mcp-proxy': {
    name: 'mcp-proxy, started from a program since its command line allows every origin',
    lines: (origins) => `import { startHTTPServer } from 'mcp-proxy';

await startHTTPServer({
  ...options,
  cors: {
    origin: [${js(origins)}],
    methods: [${quoted(METHODS, "'", '              ')}],
    allowedHeaders: [${quoted(REQUEST_HEADERS, "'", '                     ')}],
    exposedHeaders: [${quoted(RESPONSE_HEADERS, "'", '                     ')}],
  },
});`,
  },
  nginx: {
    name: 'nginx',
    lines: (origins, { path, upstream }) => `map $http_origin $mcp_origin {
    default "";
    "~^(?:${anyOf(origins)})$" $http_origin;
}
# A preflight of an allowed page; an empty value sends no header.
map "$request_method $http_access_control_request_method $mcp_origin" $mcp_preflight {
    default "";
    "~^OPTIONS [A-Z]+ .+" yes;
}
# A page that is not on the list.
map "$http_origin:$mcp_origin" $mcp_foreign {
    default "";
    "~.:$" yes;
}
map $mcp_preflight $mcp_methods { yes "${METHODS.join(', ')}"; }
map $mcp_preflight $mcp_headers { yes "${REQUEST_HEADERS.join(', ')}"; }
map $mcp_preflight $mcp_max_age { yes 7200; }
map $mcp_origin $mcp_exposed { "" ""; default "${RESPONSE_HEADERS.join(', ')}"; }
server {
    location ${path} {
        if ($mcp_foreign) { return 403; }
        if ($mcp_preflight) { return 204; }
        # "always" is for errors and 202; one add_header here drops all those of outer blocks.
        add_header Vary Origin always;
        add_header Access-Control-Allow-Origin $mcp_origin always;
        add_header Access-Control-Expose-Headers $mcp_exposed always;
        add_header Access-Control-Allow-Methods $mcp_methods always;
        add_header Access-Control-Allow-Headers $mcp_headers always;
        add_header Access-Control-Max-Age $mcp_max_age always;
        # What the application says of it is hidden, so that nothing is doubled.
        proxy_hide_header Access-Control-Allow-Origin;
        proxy_hide_header Access-Control-Allow-Credentials;
        proxy_hide_header Access-Control-Expose-Headers;
        proxy_pass ${upstream};
        proxy_http_version 1.1;
        proxy_buffering off;
        proxy_read_timeout 1h;
    }
}`,
  },
  caddy: {
    name: 'Caddy',
    lines: (origins, { path, upstream }) => `@page header_regexp Origin ^(?:${anyOf(origins)})$
@preflight {
	method OPTIONS
	header Access-Control-Request-Method *
	header_regexp Origin ^(?:${anyOf(origins)})$
}
header +Vary Origin
header @page Access-Control-Allow-Origin {http.request.header.Origin}
header @page Access-Control-Expose-Headers "${RESPONSE_HEADERS.join(', ')}"
handle @preflight {
	header Access-Control-Allow-Methods "${METHODS.join(', ')}"
	header Access-Control-Allow-Headers "${REQUEST_HEADERS.join(', ')}"
	header Access-Control-Max-Age 7200
	respond 204
}
handle ${path}* {
	reverse_proxy ${upstream} {
		# What the application says of it is dropped, so that nothing is doubled.
		header_down -Access-Control-*
		flush_interval -1
	}
}`,
  },
};

/** What lets streams through in what stands in front, in its words. */
const STREAM_FIXES: Readonly<Record<string, StackFix>> = {
  nginx: {
    name: 'nginx',
    lines: (_, { path, upstream }) => `location ${path} {
    proxy_pass ${upstream};
    proxy_http_version 1.1;
    proxy_buffering off;
    gzip off;
    proxy_read_timeout 1h;
}`,
  },
  caddy: {
    name: 'Caddy',
    lines: (_, { path, upstream }) => `handle ${path}* {
	reverse_proxy ${upstream} {
		flush_interval -1
	}
}`,
  },
  haproxy: {
    name: 'HAProxy',
    lines: () => `option http-no-delay
timeout server 1h`,
  },
};

/** Every stack that has lines of its own. */
export const FIXED_STACKS: readonly string[] = Object.freeze(Object.keys(FIXES));

/** Our gateway in front of the server, whatever that is made of. */
function gateway({ origins, target }: Patient): string {
  const url = new URL(target);
  const flags = [
    `--upstream ${shell(url.origin + url.pathname)}`,
    ...origins.map((one) => `--origin ${shell(one)}`),
  ];
  return ['npx mcp-cors gateway', ...flags].join(' \\\n  ');
}

/** A word that a shell takes as it is. */
function shell(text: string): string {
  return /^[\w.:/@=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** An upstream as an example: where it really is, no answer tells. */
const UPSTREAM = 'http://127.0.0.1:3001';

/** What to change: a sentence, then lines for the stack that was recognised, or our gateway. */
export function fixFor(
  { remedy, byPolicy, byProxy, layers }: Pick<FindingText, 'remedy' | 'byPolicy' | 'byProxy' | 'layers'>,
  patient: Patient,
): string {
  const place: Place = { path: new URL(patient.target).pathname, upstream: UPSTREAM };
  const told = (fix: StackFix): string => `In ${fix.name}:\n\n${fix.lines(patient.origins, place)}`;
  const known = patient.stacks.map(({ stack }) => stack);
  if (byProxy) {
    const fix = known.map((stack) => STREAM_FIXES[stack]).find((one) => one !== undefined);
    return fix === undefined ? remedy : `${remedy} ${told(fix)}`;
  }
  if (!byPolicy) return remedy;
  // Where two layers answer, the outer one can silence the inner one.
  const ordered = layers ? [...known.filter(isFront), ...known] : known;
  const fix = ordered.map((stack) => FIXES[stack]).find((one) => one !== undefined);
  if (fix === undefined) return `${remedy} Or without touching the server:\n\n${gateway(patient)}`;
  return `${remedy} ${told(fix)}\n\nOr put the gateway in front:\n\n${gateway(patient)}`;
}
