import { DENIAL_BODIES, REASONS, type Reason } from '../policy/decision.js';
import type { EndpointKind } from '../policy/endpoints.js';
import type { DenialPlan, PolicyPlan } from './plan.js';
import { type StateTable, stateTable } from './stateTable.js';

/** A policy as tables, for targets that are programs and make every check themselves, sessions included. */
export interface PolicyTables {
  /** Prefixes of paths with their kinds, the longest first. */
  readonly below: readonly (readonly [prefix: string, kind: EndpointKind])[];
  /** The owner's expressions that some origin matches. */
  readonly expressions: readonly { readonly text: string; readonly table: StateTable }[];
  /** Every refusal that such a program makes; in the order of the checks. */
  readonly denials: readonly (DenialPlan & { readonly message: string })[];
  /** Whether session ids are sealed. */
  readonly sealSessions: boolean;
}

/** The refusals of programs. No server drops headers before them, so that no head is incomplete. */
const REFUSALS: readonly Reason[] = (Object.keys(DENIAL_BODIES) as Reason[]).filter(
  (reason) => REASONS[reason].check !== 'limit' && reason !== 'request-head-incomplete',
);

/** Turns a plan into tables. */
export function policyTables({ origins, settings, reportOnly }: PolicyPlan): PolicyTables {
  return {
    below: Object.entries(settings.endpoints)
      .filter(([path]) => path.endsWith('/*'))
      .map(([path, kind]) => [path.slice(0, -1), kind] as const)
      .sort(([a], [b]) => b.length - a.length),
    expressions: origins.expressions.flatMap(({ text }) => {
      const table = stateTable(text);
      return table === undefined ? [] : [{ text, table }];
    }),
    denials: REFUSALS.map((reason) => ({
      reason,
      status: REASONS[reason].status as number,
      message: REASONS[reason].message,
      body: DENIAL_BODIES[reason] as string,
    })),
    sealSessions: settings.sessions !== undefined && !reportOnly,
  };
}
