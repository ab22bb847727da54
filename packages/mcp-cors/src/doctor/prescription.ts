import { RenderError, render, targets } from '../render/index.js';
import { commandLine } from './commandLine.js';
import type { Patient } from './patient.js';
import type { Rendering } from './report.js';

/** What the lines of a rendered file that are shown are about. */
export type Concern = 'policy' | 'streams';

/** A stack for which the policy is rendered. */
interface Medicine {
  /** How the stack is called in a fix. */
  readonly name: string;
  /** A target of `mcp-cors render`. */
  readonly target: string;
  /** Where the server behind it is, as an example: where it really is, no answer tells. */
  readonly upstream?: string;
  /** Whether it listens by itself. */
  readonly listens?: true;
  /** What the application says once the file is there. */
  readonly use?: string;
  /** Which parts of the file show what it does: whole lines, short enough to read. */
  readonly shows: Readonly<Partial<Record<Concern, readonly RegExp[]>>>;
}

const UPSTREAM = 'http://127.0.0.1:3001';

/** A paragraph that begins with these words after its comment sign. */
const paragraph = (words: string): RegExp =>
  new RegExp(`^[ \\t]*# ${words}[^\\n]*\\n(?:[ \\t]*\\S[^\\n]*\\n)*`, 'm');
/** The lines from one that begins with these words, so many of them. */
const lines = (words: string, count: number): RegExp =>
  new RegExp(`^[ \\t]*${words}[^\\n]*\\n(?:[^\\n]*\\n){${count - 1}}`, 'm');

const LISTED = paragraph('Origin\\. Only what is listed is admitted');
const NOT_DOUBLED = '# What the server says about CORS is replaced';

const PYTHON = {
  target: 'starlette-middleware',
  shows: { policy: [lines('ORIGINS: ', 1)] },
} as const;

/** Stacks by the names that they are recognised by. Proxies need the file alone. */
const MEDICINES: Readonly<Record<string, Medicine>> = {
  nginx: {
    name: 'nginx',
    target: 'nginx',
    upstream: UPSTREAM,
    listens: true,
    shows: {
      policy: [LISTED, lines('# On every response', 3), lines(NOT_DOUBLED, 2)],
      streams: [lines('# Streams:', 7)],
    },
  },
  caddy: {
    name: 'Caddy',
    target: 'caddy',
    upstream: UPSTREAM,
    listens: true,
    shows: {
      policy: [LISTED, lines('# On every response', 3), lines(NOT_DOUBLED, 2)],
      streams: [lines('# Streams are passed on', 5)],
    },
  },
  haproxy: {
    name: 'HAProxy',
    target: 'haproxy',
    upstream: UPSTREAM,
    listens: true,
    shows: {
      policy: [LISTED, lines(NOT_DOUBLED, 3)],
      streams: [lines('# Streams: a quiet one', 2), lines('# Events go out at once', 2)],
    },
  },
  apache: {
    name: 'Apache httpd',
    target: 'apache',
    upstream: UPSTREAM,
    listens: true,
    shows: { policy: [LISTED, lines(NOT_DOUBLED, 3)], streams: [lines('# Streams:', 4)] },
  },
  envoy: { name: 'Envoy', target: 'envoy', upstream: UPSTREAM, listens: true, shows: {} },
  cloudflare: {
    name: 'Cloudflare, by a Worker in front of the server',
    target: 'cloudflare-worker',
    upstream: 'https://server.example.com',
    shows: { policy: [/^const POLICIES = [\s\S]*?"origins": \[[^\]]*\],\n/m] },
  },
  fastapi: {
    ...PYTHON,
    name: 'FastAPI, Starlette or another ASGI application',
    use: `from mcp_cors import McpCors

# Last: around authentication, other middleware and errors.
app = McpCors(app)`,
  },
  'python-sdk': {
    ...PYTHON,
    name: 'the Python SDK',
    use: `from mcp.server.transport_security import TransportSecuritySettings
from mcp_cors import McpCors

# McpCors checks Host and Origin: the SDK need not do it again.
unchecked = TransportSecuritySettings(
    enable_dns_rebinding_protection=False
)
# With 1.x of the SDK: FastMCP(..., transport_security=unchecked)
app = McpCors(mcp.streamable_http_app(transport_security=unchecked))`,
  },
  go: {
    name: 'Go',
    target: 'go',
    use: 'http.ListenAndServe(address, mcpcors.Guard(handler))',
    shows: { policy: [/^\/\/ Origins of pages[\s\S]*?^\)\n/m] },
  },
  aspnet: {
    name: 'ASP.NET Core',
    target: 'aspnet',
    use: `using McpCors;

// Before everything else that is used.
app.UseMcpCors();`,
    shows: { policy: [/^[ \t]*\/\/ Origins of pages[\s\S]*?;\n/m] },
  },
  spring: {
    name: 'Spring Boot',
    target: 'spring',
    use: `@Import(mcpcors.McpCorsFilter.class) // beside @SpringBootApplication`,
    shows: { policy: [/^[ \t]*\/\/ Origins of pages[\s\S]*?;\n/m] },
  },
};

/** Every stack for which the policy is rendered. */
export const RENDERED_STACKS: readonly string[] = Object.freeze(Object.keys(MEDICINES));

/** The policy that mends a patient, rendered for one of its stacks. */
export interface Prescription {
  readonly name: string;
  readonly rendering: Rendering;
  readonly use: string | undefined;
  /** The lines that show what the whole does about a concern, cut out of it; may be empty. */
  excerpt(concern: Concern): string;
}

/** Renders the policy for a stack; undefined where none is rendered, or where the target would weaken it. */
export function prescribe(stack: string, patient: Patient): Prescription | undefined {
  const medicine = MEDICINES[stack];
  const facts = targets().find(({ name }) => name === medicine?.target);
  const { pages, host, path, beyondPath, listen } = patient;
  if (medicine === undefined || facts === undefined || pages.length === 0) return undefined;
  const { name, target, use, shows } = medicine;
  const upstream = medicine.upstream && `${medicine.upstream}${beyondPath || path === '/' ? '' : path}`;
  const place = { upstream, listen: medicine.listens && listen };
  const policy = { origins: pages, ...(host !== undefined && { hosts: [host] }) };
  const text = rendered(target, policy, place);
  if (text === undefined) return undefined;
  const options = Object.entries({ origin: pages, host, ...place, output: facts.file }).flatMap(
    ([option, values]) => [values ?? []].flat().map((value) => [option, value] as const),
  );
  return {
    name,
    rendering: {
      target,
      title: facts.title,
      file: facts.file,
      command: commandLine(`render ${target}`, options),
      text,
    },
    use,
    excerpt: (concern) =>
      (shows[concern] ?? []).map((part) => dedented(part.exec(text)?.[0] ?? '')).join('\n…\n'),
  };
}

function rendered(...[target, policy, place]: Parameters<typeof render>): string | undefined {
  try {
    return render(target, policy, place);
  } catch (error) {
    // Weaker than what was asked for, or a path that the target's grammar does not take: the gateway is left.
    if (error instanceof RenderError) return undefined;
    throw error;
  }
}

/** Lines without the indentation that all of them have. */
function dedented(text: string): string {
  const own = text.trimEnd().split('\n');
  const shared = Math.min(
    ...own.filter((line) => line !== '').map((line) => line.length - line.trimStart().length),
  );
  return own.map((line) => line.slice(Number.isFinite(shared) ? shared : 0)).join('\n');
}
