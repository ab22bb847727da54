import type { PolicyPlan } from '../plan.js';
import type { Names } from './names.js';
import { aclOf, conclude, set } from './rules.js';
import { block } from './syntax.js';

/** Which origins are admitted, and what may come without one. */
export function originRules(names: Names, policy: PolicyPlan): readonly string[] {
  const { origins, hosts, guardedKinds } = policy;
  const formed = origins.any || origins.expressions.length > 0;
  const self = names.variable('self');
  const host = `%[var(${names.variable('host')})]`;
  const admitted = [
    ...(origins.any ? [['origin_formed']] : []),
    ...(origins.exact.length + origins.patterns.length > 0 || origins.opaque ? [['origin_listed']] : []),
    ...(origins.expressions.length > 0 ? [['origin_expressed', 'origin_formed']] : []),
    ...(hosts === undefined ? [] : [['origin_own']]),
  ];
  return [
    ...block('Origin. Only what is listed is admitted: nothing is reflected unchecked.', [
      ...aclOf(names, 'origin_too_long', 'origin', 'reg', [origins.tooLong]),
      ...aclOf(names, 'origin_null', 'origin', 'str', ['null']),
      ...(origins.opaque ? aclOf(names, 'origin_listed', 'origin', 'str', ['null']) : []),
      ...aclOf(names, 'origin_listed', 'origin', 'str', origins.exact),
      ...origins.patterns.flatMap(({ regexp }) => aclOf(names, 'origin_listed', 'origin', 'reg', [regexp])),
      ...origins.expressions.flatMap(({ regexp }) =>
        aclOf(names, 'origin_expressed', 'origin', 'reg', [regexp]),
      ),
      ...(formed ? aclOf(names, 'origin_formed', 'origin', 'reg', [origins.wellFormed]) : []),
    ]),
    ...(hosts === undefined
      ? []
      : block("A page of the server's own, under a Host that was checked above.", [
          `http-request set-var-fmt(${self}) 'http://${host}'`,
          `http-request set-var-fmt(${self}) 'https://${host}' if { ssl_fc }`,
          `acl ${names.acl('origin_own')} var(${names.variable('origin')}),strcmp(${self}) eq 0`,
        ])),
    ...block('What comes of it.', [
      ...(admitted.length === 0
        ? []
        : [
            set(
              names,
              'admitted',
              'bool(true)',
              ...admitted.map((all) => ['with_origin', '!origin_too_long', ...all]),
            ),
          ]),
      `acl ${names.acl('admitted')} var(${names.variable('admitted')}) -m found`,
      conclude(names, 'origin-null', ['with_origin', '!admitted', 'origin_null']),
      conclude(names, 'origin-not-allowed', ['with_origin', '!admitted']),
      ...(policy.missingOrigin === 'deny' ? [conclude(names, 'origin-missing', ['!with_origin'])] : []),
    ]),
    ...(policy.missingOrigin === 'deny' || guardedKinds.length === 0
      ? []
      : block('Pages of other sites can send some requests without Origin; following a link is not meant.', [
          ...aclOf(names, 'cross_site', 'site', 'str', ['cross-site', 'same-site']),
          ...aclOf(names, 'document', 'dest', 'str', ['document']),
          ...aclOf(names, 'guarded', 'kind', 'str', guardedKinds),
          conclude(names, 'cross-site-request', ['!with_origin', 'cross_site', '!document', 'guarded']),
        ])),
  ];
}
