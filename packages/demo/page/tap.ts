import { now } from './clock.js';

/** One fetch as the page itself sees it, which is all that a page is told. */
export interface FetchRecord {
  readonly id: number;
  readonly step: string;
  readonly method: string;
  readonly path: string;
  /** The JSON-RPC method of the body, and the tool it calls. */
  readonly message: string | undefined;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly startedAt: number;
  headAt?: number;
  endedAt?: number;
  status?: number;
  /** The headers that the browser lets the page read. */
  readable: Readonly<Record<string, string>>;
  /** The page's only hint when the browser blocks: the message of a TypeError. */
  error?: string;
  aborted: boolean;
  /** When each server-sent event arrived. */
  readonly events: number[];
}

export interface Tap {
  readonly fetch: typeof fetch;
  readonly records: readonly FetchRecord[];
  /** Names the step that the next fetches belong to. */
  enter(step: string): void;
  /** Resolves with whether a record satisfies the test before the time is up. */
  until(test: (record: FetchRecord) => boolean, timeoutMs: number): Promise<boolean>;
}

/** Wraps the page's fetch and notes what comes of every call. */
export function createTap(onChange: () => void): Tap {
  const records: FetchRecord[] = [];
  const waiting = new Set<() => void>();
  let step = '';

  const changed = () => {
    for (const check of [...waiting]) check();
    onChange();
  };

  async function watchBody(record: FetchRecord, body: ReadableStream<Uint8Array>): Promise<void> {
    const isStream = record.readable['content-type']?.startsWith('text/event-stream') === true;
    const decoder = new TextDecoder();
    let pending = '';
    try {
      for await (const chunk of body) {
        if (!isStream) continue;
        pending += decoder.decode(chunk, { stream: true });
        const blocks = pending.split(/\r?\n\r?\n/);
        pending = blocks.pop() ?? '';
        for (const block of blocks) {
          if (/^(data|event|id|retry)/m.test(block)) record.events.push(now());
        }
        changed();
      }
    } catch {
      record.aborted = true;
    }
    record.endedAt = now();
    changed();
  }

  const tappedFetch: typeof fetch = async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    const record: FetchRecord = {
      id: records.length + 1,
      step,
      method: init?.method ?? request?.method ?? 'GET',
      path: url.pathname + url.search,
      message: messageOf(init?.body),
      requestHeaders: Object.fromEntries(new Headers(init?.headers ?? request?.headers)),
      startedAt: now(),
      readable: {},
      aborted: false,
      events: [],
    };
    records.push(record);
    changed();
    try {
      const response = await fetch(input, init);
      record.headAt = now();
      record.status = response.status;
      record.readable = Object.fromEntries(response.headers);
      const body = response.clone().body;
      if (body) void watchBody(record, body);
      else record.endedAt = record.headAt;
      changed();
      return response;
    } catch (error) {
      record.endedAt = now();
      if (error instanceof DOMException && error.name === 'AbortError') record.aborted = true;
      else record.error = error instanceof Error ? error.message : String(error);
      changed();
      throw error;
    }
  };

  return {
    fetch: tappedFetch,
    records,
    enter(name) {
      step = name;
    },
    until: (test, timeoutMs) =>
      new Promise((resolve) => {
        const settle = (found: boolean) => {
          clearTimeout(timer);
          waiting.delete(check);
          resolve(found);
        };
        const check = () => {
          if (records.some(test)) settle(true);
        };
        const timer = setTimeout(() => settle(false), timeoutMs);
        waiting.add(check);
        check();
      }),
  };
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== 'string') return undefined;
  try {
    const { method, params } = JSON.parse(body) as { method?: string; params?: { name?: string } };
    return method === 'tools/call' && params?.name !== undefined ? `${method} ${params.name}` : method;
  } catch {
    return undefined;
  }
}
