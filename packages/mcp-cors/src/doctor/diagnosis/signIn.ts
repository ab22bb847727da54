import type { FindingId } from '../findings.js';
import { fieldOf } from '../page.js';
import type { Observation, Suspicion } from '../suspicion.js';
import type { WalkedStep } from '../walk.js';

/** What kept sign-in from its end. */
export function* suspectSignIn({ walked }: Observation): Iterable<Suspicion> {
  const signIn = walked.find(({ journey }) => journey.client === 'sign-in');
  if (signIn === undefined || signIn.journey.outcome === 'not-offered') return;
  for (const walkedStep of signIn.steps) {
    const { step, visit } = walkedStep;
    const last = visit.exchanges.at(-1);
    if (step.name === 'ask without a token') {
      const hidden = fieldOf(visit.answer, 'www-authenticate') !== undefined;
      if (
        visit.response?.status === 401 &&
        hidden &&
        !visit.response.headers.has('www-authenticate') &&
        last
      ) {
        yield { id: 'www-authenticate-not-exposed', witness: last };
      }
      continue;
    }
    const id = idOf(walkedStep);
    if (id !== undefined && last !== undefined) {
      yield { id, witness: last, console: visit.blocked?.message, detail: step.url };
    }
  }
}

function idOf({ step, visit }: WalkedStep): FindingId | undefined {
  if (visit.blocked === undefined || visit.failure !== undefined) return undefined;
  if (step.name === 'register') return 'register-not-readable';
  if (step.name === 'token') return 'token-not-readable';
  // A preflight that is refused is survived by the same request without headers; what counts is whether that was blocked.
  return step.name.endsWith(', without headers') && visit.answer?.status === 200
    ? 'metadata-not-readable'
    : undefined;
}
