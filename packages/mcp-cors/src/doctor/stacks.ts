import type { HeaderField } from '../policy/index.js';
import { printable } from './evidence.js';
import type { Fingerprint } from './report.js';

/** A response that may tell what made it. */
export interface Trace {
  readonly headers: readonly HeaderField[];
  readonly body: string;
}

interface Mark {
  readonly stack: string;
  readonly header?: readonly [name: string, value: RegExp];
  readonly body?: RegExp;
}

/** What tells stacks apart: those nearest to the application first, then frameworks, then what stands in front. */
const MARKS: readonly Mark[] = [
  {
    stack: 'mcp-cors',
    body: /"data":\s*\{[^}]*"reason":\s*"(?:origin|host|request-header|method)-not-allowed"/,
  },
  // A stack trace that Express shows outside production names the package.
  { stack: 'supergateway', body: /node_modules\/supergateway\// },
  {
    stack: 'mcp-proxy',
    header: [
      'access-control-allow-headers',
      /^Content-Type, Authorization, Accept, Mcp-Session-Id, Mcp-Protocol-Version, Last-Event-Id/,
    ],
  },
  {
    stack: 'typescript-sdk',
    body: /Not Acceptable: Client must accept|Server not initialized|Mcp-Session-Id header is required|Invalid (?:Host|Origin)(?: header)?: |Parse error: Invalid JSON/,
  },
  {
    stack: 'python-sdk',
    body: /"server-error"|Not Acceptable: Client must accept both|Invalid Host header$|Invalid Content-Type header/,
  },
  { stack: 'fastapi', body: /^\{"detail":\s*(?:"|\[)/ },
  { stack: 'fastapi', header: ['server', /^(?:uvicorn|hypercorn|daphne)/i] },
  { stack: 'express', header: ['x-powered-by', /^Express/i] },
  { stack: 'express', body: /<pre>Cannot (?:GET|POST|DELETE|OPTIONS) / },
  { stack: 'fastify', body: /"message":"Route [A-Z]+:\S* not found"|"code":"FST_ERR_/ },
  { stack: 'hono', body: /^404 Not Found$/ },
  {
    stack: 'go',
    body: /^404 page not found\n$|^Method Not Allowed\n$|client sent an HTTP request to an HTTPS/,
  },
  { stack: 'aspnet', header: ['server', /^Kestrel/i] },
  { stack: 'aspnet', header: ['x-powered-by', /^ASP\.NET/i] },
  { stack: 'spring', body: /"timestamp":.*"status":\d+.*"path":/ },
  { stack: 'cloudflare', header: ['server', /^cloudflare/i] },
  { stack: 'cloudflare', header: ['cf-ray', /./] },
  { stack: 'nginx', header: ['server', /^(?:nginx|openresty)/i] },
  { stack: 'caddy', header: ['server', /^Caddy/i] },
  { stack: 'caddy', header: ['via', /caddy/i] },
  // Not Apache-Coyote, which is Tomcat.
  { stack: 'apache', header: ['server', /^Apache(?:\/|$)/] },
  { stack: 'envoy', header: ['server', /^(?:istio-)?envoy$/i] },
  { stack: 'envoy', header: ['x-envoy-upstream-service-time', /./] },
  { stack: 'haproxy', body: /No server is available to handle this request/ },
];

/** What stands in front of applications, and answers for CORS or holds streams as well as they do. */
const FRONTS: ReadonlySet<string> = new Set(['cloudflare', 'nginx', 'caddy', 'apache', 'envoy', 'haproxy']);

/** Whether a stack stands in front of an application. */
export function isFront(stack: string): boolean {
  return FRONTS.has(stack);
}

/**
 * The same stacks with what answers preflights first: where a proxy's preflights lack every mark of the application behind
 * it, CORS is the proxy's affair.
 */
export function byPreflights(
  stacks: readonly Fingerprint[],
  preflights: readonly Trace[],
): readonly Fingerprint[] {
  const answering = recogniseStacks(preflights);
  const front = answering.find(({ stack }) => isFront(stack));
  if (front === undefined || answering.some(({ stack }) => !isFront(stack))) return stacks;
  return [front, ...stacks.filter(({ stack }) => stack !== front.stack)];
}

/** Names what a server seems to be made of, in the order of the table. */
export function recogniseStacks(traces: readonly Trace[]): readonly Fingerprint[] {
  const found = new Map<string, Fingerprint>();
  for (const { stack, header, body } of MARKS) {
    if (found.has(stack)) continue;
    for (const trace of traces) {
      const line =
        header &&
        trace.headers.find(([name, value]) => name.toLowerCase() === header[0] && header[1].test(value));
      const text = body?.exec(trace.body)?.[0];
      if (line === undefined && text === undefined) continue;
      const because =
        line === undefined
          ? `body: ${printable(text ?? '', 60)}`
          : `${line[0].toLowerCase()}: ${printable(line[1], 60)}`;
      found.set(stack, { stack, because });
      break;
    }
  }
  return [...found.values()];
}
