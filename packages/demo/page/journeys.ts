import {
  Client,
  type ClientOptions,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Tool,
} from '@modelcontextprotocol/client';
import { now } from './clock.js';
import { createTap, type FetchRecord, type Tap } from './tap.js';

export type JourneyId = '2026-07-28' | '2025-11-25' | 'http-sse';

export interface Journey {
  readonly id: JourneyId;
  readonly title: string;
  readonly summary: string;
  /** The revision that the client and the server have to agree on. */
  readonly revision: string;
  readonly transport: 'streamable' | 'sse';
  readonly client: ClientOptions;
}

export const JOURNEYS: readonly Journey[] = [
  {
    id: '2026-07-28',
    title: 'Revision 2026-07-28',
    summary: 'No sessions: every message is a POST with Mcp-Method.',
    revision: '2026-07-28',
    transport: 'streamable',
    // Pinned, because a browser client that may fall back does so silently when its probe is blocked.
    client: { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  },
  {
    id: '2025-11-25',
    title: 'Revision 2025-11-25',
    summary: 'A session, a GET stream beside the POSTs, and a DELETE at the end.',
    revision: '2025-11-25',
    transport: 'streamable',
    client: { versionNegotiation: { mode: 'legacy' } },
  },
  {
    id: 'http-sse',
    title: 'HTTP+SSE of 2024-11-05',
    summary: 'One long stream down, POSTs up to the endpoint that it names.',
    revision: '2024-11-05',
    transport: 'sse',
    client: { versionNegotiation: { mode: 'legacy' }, supportedProtocolVersions: ['2024-11-05'] },
  },
];

export interface Step {
  readonly name: 'connect' | 'list tools' | 'call echo' | 'call count' | 'close';
  readonly ok: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly detail: string;
}

export interface ProgressEvent {
  readonly progress: number;
  readonly total: number | undefined;
  readonly at: number;
}

export type Outcome =
  /** Every step worked. */
  | 'works'
  /** The browser blocked a request. */
  | 'blocked'
  /** The server answered, and does not speak this revision or transport. */
  | 'not-spoken'
  /** A step failed with an answer that the page could read. */
  | 'failed';

export interface JourneyRun {
  readonly startedAt: number;
  endedAt?: number;
  outcome?: Outcome;
  error?: string;
  negotiated?: string;
  sessionId?: string;
  streamOpened: boolean;
  terminated: boolean;
  tools: string[];
  readonly progress: ProgressEvent[];
  readonly steps: Step[];
  readonly fetches: readonly FetchRecord[];
}

export interface JourneyOptions {
  readonly mcp: string;
  readonly sse: string;
  /** Whether every tool may be called; a stranger's server is only asked to echo. */
  readonly ownServer: boolean;
  readonly client?: ClientOptions;
  readonly count?: { readonly n: number; readonly intervalMs: number };
  readonly onProgress?: (event: ProgressEvent) => void;
  readonly onChange?: (run: JourneyRun) => void;
}

const TIMEOUT_MS = 15_000;
const STREAM_TIMEOUT_MS = 3000;

/** Walks one journey with the official client, and reports what the page saw. It never rejects. */
export async function runJourney(journey: Journey, options: JourneyOptions): Promise<JourneyRun> {
  const tap = createTap(() => options.onChange?.(run));
  const run: JourneyRun = {
    startedAt: now(),
    streamOpened: false,
    terminated: false,
    tools: [],
    progress: [],
    steps: [],
    fetches: tap.records,
  };
  const client = new Client(
    { name: 'mcp-cors-demo-page', version: '0.1.0' },
    options.client ?? journey.client,
  );
  const transport =
    journey.transport === 'sse'
      ? new SSEClientTransport(new URL(options.sse), { fetch: tap.fetch })
      : new StreamableHTTPClientTransport(new URL(options.mcp), { fetch: tap.fetch });
  const request = { timeout: TIMEOUT_MS };

  async function step(name: Step['name'], act: () => Promise<string>): Promise<void> {
    tap.enter(name);
    const startedAt = now();
    const finish = (ok: boolean, detail: string) => {
      run.steps.push({ name, ok, startedAt, endedAt: now(), detail });
      options.onChange?.(run);
    };
    try {
      finish(true, await act());
    } catch (error) {
      finish(false, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  try {
    await step('connect', async () => {
      await client.connect(transport, request);
      const negotiated = client.getNegotiatedProtocolVersion();
      if (negotiated !== undefined) run.negotiated = negotiated;
      if (transport instanceof StreamableHTTPClientTransport && transport.sessionId !== undefined) {
        run.sessionId = transport.sessionId;
      }
      run.streamOpened = await streamOpens(journey, negotiated, tap);
      return `negotiated ${negotiated}`;
    });

    let tools: Tool[] = [];
    await step('list tools', async () => {
      tools = (await client.listTools(undefined, request)).tools;
      run.tools = tools.map(({ name }) => name);
      return `${tools.length} tools`;
    });

    if (options.ownServer || takesMessage(tools.find(({ name }) => name === 'echo'))) {
      await step('call echo', async () =>
        textOf(
          await client.callTool({ name: 'echo', arguments: { message: 'Hello from a web page' } }, request),
        ),
      );
    }

    if (options.ownServer) {
      await step('call count', async () => {
        const onprogress = ({ progress, total }: { progress: number; total?: number | undefined }) => {
          const event = { progress, total, at: now() };
          run.progress.push(event);
          options.onProgress?.(event);
          options.onChange?.(run);
        };
        const count = options.count ?? { n: 5, intervalMs: 200 };
        return textOf(await client.callTool({ name: 'count', arguments: count }, { ...request, onprogress }));
      });
    }

    await step('close', async () => {
      if (transport instanceof StreamableHTTPClientTransport && run.sessionId !== undefined) {
        await transport.terminateSession();
        run.terminated = transport.sessionId === undefined;
      }
      await client.close();
      return run.terminated ? 'session terminated' : 'closed';
    });
    run.outcome = 'works';
  } catch (error) {
    run.error = error instanceof Error ? error.message : String(error);
    run.outcome = judge(run, options.ownServer);
    await client.close().catch(() => undefined);
  }
  run.endedAt = now();
  options.onChange?.(run);
  return run;
}

/** A session's client opens its stream after `notifications/initialized`; a server may answer 405 instead. */
async function streamOpens(journey: Journey, negotiated: string | undefined, tap: Tap): Promise<boolean> {
  if (journey.transport === 'streamable' && negotiated === '2026-07-28') return false;
  const isSettledStream = ({ method, status, error }: FetchRecord) =>
    method === 'GET' && (status !== undefined || error !== undefined);
  await tap.until(isSettledStream, STREAM_TIMEOUT_MS);
  return tap.records.some(({ method, status }) => method === 'GET' && status === 200);
}

function judge(run: JourneyRun, ownServer: boolean): Outcome {
  if (run.fetches.some(({ error }) => error !== undefined)) return 'blocked';
  const refused = run.fetches.some(({ status = 0 }) => status === 401 || status === 403 || status >= 500);
  return ownServer || refused || run.steps.some(({ ok }) => ok) ? 'failed' : 'not-spoken';
}

function takesMessage(tool: Tool | undefined): boolean {
  const properties = tool?.inputSchema.properties;
  return typeof properties === 'object' && properties !== null && 'message' in properties;
}

function textOf(result: Awaited<ReturnType<Client['callTool']>>): string {
  return result.content.map((block) => (block.type === 'text' ? block.text : `(${block.type})`)).join(' ');
}
