import { type Case, fill, type Origins } from './case.js';

/** A request as a server sees it: names in lower case, repeated lines joined. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A server that answers as its case says, and remembers what reached it. */
export interface Script {
  readonly seen: readonly SeenRequest[];
  answer(request: SeenRequest): ScriptedAnswer;
}

/** On every answer, so that nothing but the preflight cache remembers, and so that both sides know the whole head. */
const ALWAYS: ScriptedAnswer['headers'] = [
  ['Cache-Control', 'no-store'],
  ['Content-Type', 'text/plain'],
  ['Connection', 'keep-alive'],
  ['Content-Length', '0'],
];

/** The same script is answered from by the real server and by the model's network. */
export function createScript({ hops, page }: Case, origins: Origins): Script {
  const seen: SeenRequest[] = [];
  const counts = new Map<string, number>();
  return {
    seen,
    answer(request) {
      seen.push(request);
      const hop = hops[Number(new URL(request.url).pathname.split('/')[3])];
      const kind = 'access-control-request-method' in request.headers ? 'preflights' : 'actuals';
      const answers = hop?.[kind] ?? [];
      const key = `${request.url} ${kind}`;
      const count = counts.get(key) ?? 0;
      counts.set(key, count + 1);
      const answer = answers[Math.min(count, answers.length - 1)];
      if (answer === undefined) return { status: 599, headers: ALWAYS };
      const headers = answer.headers.map(([name, value]) => [name, fill(value, origins, page)] as const);
      return { status: answer.status, headers: [...ALWAYS, ...headers] };
    },
  };
}
