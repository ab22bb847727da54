import { isRecord } from '../messages.js';
import { bodyOf } from '../page.js';
import type { Observation, Suspicion } from '../suspicion.js';
import type { WalkedStep } from '../walk.js';

/** What a journey tells beyond blocked fetches. */
export function* suspectJourneys({ walked, target }: Observation): Iterable<Suspicion> {
  for (const { memory, steps, journey } of walked) {
    const { endpoint } = memory;
    if (endpoint !== undefined && new URL(endpoint).origin !== new URL(target.url).origin) {
      const [opened] = steps;
      yield {
        id: 'endpoint-of-other-origin',
        witness: opened?.visit.exchanges.at(-1) ?? endpoint,
        detail: `${new URL(endpoint).origin} in place of ${new URL(target.url).origin}`,
        console: `Endpoint origin does not match connection origin: ${new URL(endpoint).origin}`,
      };
    }
    yield* suspectStripping(steps, target);
    if (journey.client === 'official-2-auto') {
      const names = (memory.tools ?? [])
        .filter(wantsHeader)
        .map((tool) => String((tool as { name: unknown }).name));
      if (names.length > 0) {
        yield {
          id: 'mcp-param-tools',
          witness: `tools/list: ${names.length} of ${memory.tools?.length} tools have x-mcp-header in their schema: ${names.slice(0, 8).join(', ')}`,
          detail: names.slice(0, 3).join(', '),
        };
      }
    }
  }
}

/** That nobody gets in where nothing else says why: a report without a word of it would pass for a clean one. */
export function* suspectStandstill({ walked, target }: Observation): Iterable<Suspicion> {
  const offered = walked.filter(
    ({ journey }) => journey.outcome !== 'not-offered' && journey.client !== 'sign-in',
  );
  if (target.tokenAsked || offered.length === 0 || offered.some(({ journey }) => journey.ok)) return;
  const last = offered[0]?.steps.at(-1);
  yield {
    id: 'clients-blocked',
    witness: last?.visit.exchanges.at(-1) ?? target.url,
    detail: `${last?.step.name ?? 'connect'}${last?.step.note ? `: ${last.step.note}` : ''}`,
  };
}

/** A refusal for want of a session, where no session id came to anybody. */
function* suspectStripping(steps: readonly WalkedStep[], target: Observation['target']): Iterable<Suspicion> {
  if (target.opensSessions || !target.streamable) return;
  const refused = steps.find(({ step }) => step.name === 'notifications/initialized');
  const { visit } = refused ?? {};
  const witness = visit?.exchanges.at(-1);
  if (visit?.answer?.status !== 400 || witness === undefined) return;
  if (/session|not initialized/i.test(bodyOf(visit.answer)?.soFar ?? '')) {
    yield { id: 'session-id-stripped', witness, detail: refused?.step.note ?? undefined };
  }
}

/** Whether a tool's schema asks for a parameter in a header. Bounded: a schema is not searched deeper than its properties nest. */
function wantsHeader(tool: unknown): boolean {
  return isRecord(tool) && mentions(tool.inputSchema, 8);
}

function mentions(schema: unknown, depth: number): boolean {
  if (!isRecord(schema) || depth === 0) return false;
  if (typeof schema['x-mcp-header'] === 'string') return true;
  return (
    isRecord(schema.properties) && Object.values(schema.properties).some((one) => mentions(one, depth - 1))
  );
}
