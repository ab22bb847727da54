import { hasSessions, markSessions, openSession } from './affinity.js';
import { answer } from './answer.js';
import type { Balance } from './balance.js';
import type { Replica } from './config/routes.js';
import type { Passage, ReverseProxy } from './proxy.js';

/**
 * Forwards a request to one of several upstreams: the one that opened its session, or else the next in turn, and on to the
 * one after while none can be connected to.
 */
export function forwardToReplica(passage: Passage, replicas: readonly Replica[], proxy: ReverseProxy): void {
  const { request, response, decision, route, service } = passage;
  const balance = service.balances.get(route) as Balance;
  const place = hasSessions(decision.kind) ? openSession(request, replicas) : undefined;
  if (place === 'gone') {
    answer(response, decision, 'session-upstream-gone');
    return;
  }
  let taken = place ?? (balance.next() as Replica);
  if (hasSessions(decision.kind)) markSessions(response, decision.kind, () => taken);
  const tried = new Set<Replica>();

  const passageTo = (replica: Replica): Passage => ({
    ...passage,
    route: replica.route,
    attempt: {
      onConnected: () => balance.admit(replica),
      onUnreachable() {
        balance.passOver(replica);
        tried.add(replica);
        const next = place === undefined ? balance.next(tried) : undefined; // a session is nowhere else
        if (next === undefined) return undefined;
        taken = next;
        return passageTo(next);
      },
    },
  });
  proxy.forward(passageTo(taken));
}
