import type { HeaderField } from '../policy/index.js';
import { printable, redactHeader, redactUrl } from './evidence.js';
import { type ExaminationOver, examineOver } from './examine.js';
import { IMAGINARY_SERVERS, type ImaginaryServer, type ImaginedRequest, imagine } from './imaginary.js';
import { parseRecord } from './messages.js';

/** A request that would be sent. */
export interface PlannedRequest {
  /** On whose behalf: a client's journey and its page, the doctor's own closer look, a kind of attack. */
  readonly by: string;
  /** The JSON-RPC method in its body, or what it asks for; empty where neither is to be said. */
  readonly name: string;
  readonly method: string;
  readonly url: string;
  /** Values in braces are learnt on the way. */
  readonly headers: readonly HeaderField[];
  /** The condition under which it is sent; empty for what a sound server of the revisions with sessions gets. */
  readonly when: string;
}

/** What an examination would send. */
export interface Plan {
  readonly requests: readonly PlannedRequest[];
  /** Most requests that one server gets, of all that were imagined. */
  readonly most: number;
}

/** An examination without what it is made over. */
type PlannedExamination = Omit<ExaminationOver, 'transport' | 'onStage' | 'sendRaw' | 'chromium'>;

/** Characters of a header's value that are shown: some hostile ones are long. */
const SHOWN_VALUE = 60;

/**
 * What an examination would send, request by request: it is made against servers that are not there, in place of the one
 * that is named. Nothing is sent. What a server names itself, such as another host's metadata, cannot be known.
 */
export async function planRequests(examination: PlannedExamination): Promise<Plan> {
  const known = new Set<string>();
  const requests: PlannedRequest[] = [];
  let most = 0;
  for (const server of IMAGINARY_SERVERS) {
    const planned = await planFor(server, examination);
    most = Math.max(most, planned.length);
    for (const one of planned) {
      const { when: _, ...request } = one;
      const key = JSON.stringify(request);
      // What is sent to a sound server is told of once; what it is sent twice is listed twice.
      if (server.when !== '' && known.has(key)) continue;
      known.add(key);
      requests.push(one);
    }
  }
  return { requests, most };
}

async function planFor(
  server: ImaginaryServer,
  examination: PlannedExamination,
): Promise<readonly PlannedRequest[]> {
  const { target, origins } = examination;
  const planned: PlannedRequest[] = [];
  let by = '';
  const imaginary = imagine(server, target, origins, (imagined) => {
    planned.push({ by, ...describe(imagined), when: server.when });
  });
  const onStage = (stage: string): void => {
    by = stage;
  };
  await examineOver({ ...examination, ...imaginary, onStage });
  return planned;
}

function describe({ request, rawTarget }: ImaginedRequest): Omit<PlannedRequest, 'by' | 'when'> {
  const { method, url, headers } = request;
  return {
    name: nameOf(request),
    method,
    url: redactUrl(rawTarget ?? url),
    headers: headers
      .filter(([name]) => !name.startsWith('sec-fetch-'))
      .map(([name, value]) => [name.toLowerCase(), shown(name, value)] as const),
  };
}

function nameOf({ method, headers, body }: ImaginedRequest['request']): string {
  const field = (name: string): string | undefined => headers.find(([line]) => line === name)?.[1];
  const asked = field('access-control-request-method');
  if (method === 'OPTIONS' && asked !== undefined) return `preflight of ${printable(asked, SHOWN_VALUE)}`;
  if (method === 'DELETE') return 'the end of a session';
  if (method === 'GET') return /event-stream/.test(field('accept') ?? '') ? 'a stream' : '';
  const rpc = body === undefined ? undefined : parseRecord(body)?.method;
  return typeof rpc === 'string' ? rpc : 'a body that is refused';
}

/** What is learnt on the way is shown by its name, the owner's own values are hidden, long ones are cut. */
function shown(name: string, value: string): string {
  const text = /^\{\w+\}$/.test(value) ? value : redactHeader(name, value);
  return text.length > SHOWN_VALUE ? `${text.slice(0, SHOWN_VALUE)}… (${value.length} characters)` : text;
}
