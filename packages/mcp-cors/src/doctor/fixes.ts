import { REVISIONS, unionOfNeeds } from '../policy/revisions.js';
import type { FindingText } from './findings.js';
import type { Fingerprint } from './report.js';

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
  readonly lines: (origins: readonly string[]) => string;
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
  nginx: {
    name: 'nginx',
    lines: (origins) => `map $http_origin $mcp_origin {
    default "";
    "~^(?:${anyOf(origins)})$" $http_origin;
}
server {
    location /mcp {
        # "always" puts the headers on errors too; an empty value sends none.
        add_header Vary Origin always;
        add_header Access-Control-Allow-Origin $mcp_origin always;
        add_header Access-Control-Expose-Headers "${RESPONSE_HEADERS.join(', ')}" always;
        if ($request_method = OPTIONS) {
            add_header Vary Origin always;
            add_header Access-Control-Allow-Origin $mcp_origin always;
            add_header Access-Control-Allow-Methods "${METHODS.join(', ')}" always;
            add_header Access-Control-Allow-Headers "${REQUEST_HEADERS.join(', ')}" always;
            add_header Access-Control-Max-Age 7200 always;
            return 204;
        }
        proxy_hide_header Access-Control-Allow-Origin; # so that nothing is doubled
        proxy_buffering off;
    }
}`,
  },
  caddy: {
    name: 'Caddy',
    lines: (origins) => `@page header_regexp origin Origin ^(?:${anyOf(origins)})$
@preflight {
	method OPTIONS
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
}`,
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

/** What to change: a sentence, then lines for the stack that was recognised, or our gateway. */
export function fixFor(text: Pick<FindingText, 'remedy' | 'byPolicy'>, patient: Patient): string {
  if (!text.byPolicy) return text.remedy;
  const known = patient.stacks.map(({ stack }) => FIXES[stack]).find((fix) => fix !== undefined);
  const front = `Or put the gateway in front:\n\n${gateway(patient)}`;
  if (known === undefined) return `${text.remedy} Or without touching the server:\n\n${gateway(patient)}`;
  return `${text.remedy} In ${known.name}:\n\n${known.lines(patient.origins)}\n\n${front}`;
}
