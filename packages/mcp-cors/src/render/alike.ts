import type { EndpointKind } from '../policy/endpoints.js';
import type { KindPlan, PolicyPlan } from './plan.js';

/** Kinds that are alike in something, and what they have in common. */
export function alike<T>(
  policy: PolicyPlan,
  of: (kind: KindPlan) => T,
): readonly (readonly [EndpointKind[], T])[] {
  const groups = new Map<string, readonly [EndpointKind[], T]>();
  for (const kind of Object.values(policy.kinds)) {
    const common = of(kind);
    const key = JSON.stringify(common) ?? '';
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [[kind.kind], common]);
    else group[0].push(kind.kind);
  }
  return [...groups.values()];
}
