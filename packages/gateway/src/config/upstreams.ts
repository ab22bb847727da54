import { createHash } from 'node:crypto';
import type { JsonSchema } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { issue, shown } from './reading.js';

/** An upstream among several, and the mark by which session ids say that they are its. */
export interface MarkedUpstream {
  readonly url: URL;
  readonly mark: string;
}

/** Most upstreams of one route. */
const MAX_UPSTREAMS = 256;

const UPSTREAM_SCHEMA: JsonSchema = {
  type: 'string',
  pattern: '^https?://|\\$\\{',
  examples: ['http://127.0.0.1:3001/mcp', '${UPSTREAM}'],
};

/** What `upstream` of a route may be. */
export const UPSTREAMS_SCHEMA: JsonSchema = {
  description: "The MCP server's URL; several are taken in turns. Its path stands in place of the route's.",
  anyOf: [
    UPSTREAM_SCHEMA,
    { type: 'array', items: UPSTREAM_SCHEMA, minItems: 1, maxItems: MAX_UPSTREAMS, uniqueItems: true },
  ],
};

/** Reads `upstream` of a route: one URL, or several that serve the same. */
export function readUpstreams(value: unknown, place: string, issues: GatewayIssue[]): readonly URL[] {
  if (!Array.isArray(value)) return [readUpstream(value, place, issues)].filter((url) => url !== undefined);
  const before = issues.length;
  const urls = new Map<string, URL>();
  for (const [i, entry] of value.slice(0, MAX_UPSTREAMS).entries()) {
    const at = `${place}[${i}]`;
    const url = readUpstream(entry, at, issues);
    if (url === undefined) continue;
    if (urls.has(url.href)) {
      const remedy = 'Remove it: each upstream has its turn once';
      issues.push(issue('upstream-twice', at, `${url.href} is in the list already`, remedy));
    }
    urls.set(url.href, url);
  }
  if (value.length > MAX_UPSTREAMS) {
    const message = `there are ${value.length} upstreams`;
    issues.push(issue('upstreams-too-many', place, message, `Name at most ${MAX_UPSTREAMS}`));
  } else if (value.length === 0) {
    issues.push(issue('upstream-syntax', place, 'the list names no upstream', UPSTREAM_REMEDY));
  }
  return issues.length > before ? [] : [...urls.values()];
}

const UPSTREAM_REMEDY = 'Write a URL such as http://127.0.0.1:3001/mcp';

function readUpstream(value: unknown, place: string, issues: GatewayIssue[]): URL | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const fault =
    url === undefined || !['http:', 'https:'].includes(url.protocol)
      ? 'is not an http or https URL'
      : url.username !== '' || url.password !== ''
        ? 'has a user name or password'
        : url.search !== '' || url.hash !== ''
          ? 'has a query or a fragment'
          : undefined;
  if (fault === undefined) return url;
  const subject = url?.password ? 'the URL' : shown(value);
  issues.push(issue('upstream-syntax', place, `${subject} ${fault}`, UPSTREAM_REMEDY));
  return undefined;
}

/**
 * Gives each upstream a mark of two characters. It follows from the URL and not from the place in the list, so that
 * every replica of the gateway and every later configuration finds the same; being short, it tells pages nothing of
 * internal addresses. Of two with the same mark, the later in alphabetical order takes the next one.
 */
export function markUpstreams(urls: readonly URL[]): readonly MarkedUpstream[] {
  const slots = new Map<number, URL>();
  for (const url of urls.toSorted((a, b) => (a.href < b.href ? -1 : 1))) {
    let slot = createHash('sha256').update(url.href).digest().readUInt16BE() % MARKS;
    while (slots.has(slot)) slot = (slot + 1) % MARKS;
    slots.set(slot, url);
  }
  const marks = new Map([...slots].map(([slot, url]) => [url, markOf(slot)]));
  return urls.map((url) => ({ url, mark: marks.get(url) as string }));
}

/** How many marks there are: two characters of base64url. */
const MARKS = 4096;

function markOf(slot: number): string {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(slot << 4);
  return bytes.toString('base64url').slice(0, 2);
}
