import { fileURLToPath } from 'node:url';
import { type Listening, listen } from '@mcp-cors/demo';
import { build } from 'esbuild';
import type { Tab } from './chromium.js';

export const JOURNEY_IDS = ['2026-07-28', '2025-11-25', 'http-sse'] as const;
export type JourneyId = (typeof JOURNEY_IDS)[number];

/** The revision that each journey has to end up with. */
export const REVISIONS: Readonly<Record<JourneyId, string>> = {
  '2026-07-28': '2026-07-28',
  '2025-11-25': '2025-11-25',
  'http-sse': '2024-11-05',
};

/** What a page reports of a journey; see packages/demo/page/journeys.ts. */
export interface JourneyReport {
  readonly outcome: 'works' | 'blocked' | 'not-spoken' | 'failed';
  readonly error?: string;
  readonly negotiated?: string;
  readonly sessionId?: string;
  readonly streamOpened: boolean;
  readonly terminated: boolean;
  readonly tools: readonly string[];
  readonly progress: readonly { readonly progress: number; readonly at: number }[];
  readonly steps: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly fetches: readonly {
    readonly method: string;
    readonly message?: string;
    readonly status?: number;
    readonly error?: string;
  }[];
}

export interface JourneyRequest {
  readonly id: JourneyId;
  /** The origin that the server is reached at. */
  readonly at: string;
  /** Options of the official client in place of the journey's own. */
  readonly client?: { readonly versionNegotiation: { readonly mode: 'legacy' | 'auto' } };
  readonly count?: { readonly n: number; readonly intervalMs: number };
  /** Whether the server has the demo's tools, which it has unless told. */
  readonly ownServer?: boolean;
  /** Hears of each progress event when the page has received it. */
  readonly onProgress?: (progress: number) => void;
}

/** What a page could read of a response, or the error that it got instead. */
export interface Reading {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly error?: string;
}

const SOURCES = fileURLToPath(new URL('../../packages/demo/page/', import.meta.url));

/** The journeys of the demo's page without its picture. */
const PROGRAM = `
  import { JOURNEYS, runJourney } from './journeys.ts';
  globalThis.runJourneyAt = ({ id, at, client, count, ownServer = true }) =>
    runJourney(JOURNEYS.find((journey) => journey.id === id), {
      mcp: at + '/mcp',
      sse: at + '/sse',
      ownServer,
      client,
      count,
      onProgress: ({ progress }) => globalThis.heardProgress?.(progress),
    });
`;

/** A page that can walk journeys, served from an origin of its own. */
export async function servePage(): Promise<Listening> {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: SOURCES, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
  });
  const program = outputFiles[0]?.text ?? '';
  const files: Readonly<Record<string, readonly [type: string, body: string]>> = {
    '/': [
      'text/html; charset=utf-8',
      '<!doctype html><title>page</title><script type="module" src="/program.js"></script>',
    ],
    '/program.js': ['text/javascript; charset=utf-8', program],
  };
  return listen(
    (request, response) => {
      const [type, body] = files[request.url ?? '/'] ?? [];
      response.writeHead(type === undefined ? 404 : 200, { 'Content-Type': type ?? 'text/plain' });
      response.end(body);
    },
    '127.0.0.1',
    0,
  );
}

declare global {
  var runJourneyAt: (request: JourneyRequest) => Promise<JourneyReport>;
}

/** Walks a journey in the page with the official client. */
export async function walk(tab: Tab, { onProgress, ...request }: JourneyRequest): Promise<JourneyReport> {
  const { page } = tab;
  if (onProgress) await page.exposeFunction('heardProgress', onProgress);
  await page.waitForFunction(() => 'runJourneyAt' in globalThis);
  const report = await page.evaluate((given) => globalThis.runJourneyAt(given), request);
  await tab.settled();
  return report;
}

/** Fetches in the page and tells what the page could read. */
export function read({ page }: Tab, url: string, init: RequestInit = {}): Promise<Reading> {
  return page.evaluate(
    async ([target, options]) => {
      try {
        const response = await fetch(target, options);
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await response.text(),
        };
      } catch (error) {
        return { error: String(error) };
      }
    },
    [url, init] as const,
  );
}
