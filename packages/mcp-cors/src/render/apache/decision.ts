import { alike } from '../alike.js';
import { oneLine } from '../comment.js';
import { ALWAYS_SENT_METHODS, type PolicyPlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import { anyOf, block, type Condition, rule } from './syntax.js';

/** So many origins stand in one expression: the engine's expressions have a largest size. */
const ORIGINS_IN_ONE = 100;

const ORIGIN = '%{HTTP:Origin}';
const LIST = '%{HTTP:Access-Control-Request-Headers}';
const METHOD = '%{HTTP:Access-Control-Request-Method}';

/** A preflight is OPTIONS with Origin and a requested method. */
const PREFLIGHT: readonly Condition[] = [
  { test: '%{REQUEST_METHOD}', matches: '^OPTIONS$' },
  { test: ORIGIN, matches: '.' },
  { test: METHOD, matches: '.' },
];

/** A condition over a variable of a policy's. */
export function variable(name: string, suffix: string, pattern: string, not = false): Condition {
  return { test: `%{ENV:${name}_${suffix}}`, matches: pattern, not };
}

/** Concludes where nothing is concluded yet and all conditions hold. */
function conclude(name: string, verdict: string, conditions: readonly Condition[]): readonly string[] {
  return rule(`E=${name}_verdict:${verdict}`, [variable(name, 'verdict', '^$'), ...conditions]);
}

/**
 * What the checks of a policy come to, in the variable `NAME_verdict`: `pass`, `preflight-allowed`, `explained` (debug
 * mode), or the reason of a refusal. The rules stand in the order of the policy, and the first that concludes counts.
 */
export function decisionRules(name: string, policy: PolicyPlan): readonly string[] {
  return [
    ...block(
      'The request target must be a path: an absolute form would override the Host.',
      conclude(name, 'request-target-not-allowed', [
        { test: '%{THE_REQUEST}', matches: '^(?:[^ ]+ /|OPTIONS \\* )', not: true },
      ]),
    ),
    ...hostRules(name, policy),
    ...kindRules(name, policy),
    ...originRules(name, policy),
    ...preflightRules(name, policy),
    ...contentTypeRules(name, policy),
    ...block('Nothing was refused.', [
      ...conclude(name, 'preflight-allowed', PREFLIGHT),
      ...conclude(name, 'pass', []),
    ]),
  ];
}

function hostRules(name: string, { hosts }: PolicyPlan): readonly string[] {
  if (hosts === undefined) return [];
  const taken = hosts.loopbackAlone
    ? 'the policy names no hosts, so that loopback names alone are taken'
    : oneLine(hosts.texts.join(', '));
  const test = '%{HTTP:Host}';
  return block(`Host, against DNS rebinding: ${taken}.`, [
    ...conclude(name, 'host-missing', [{ test, matches: '^$' }]),
    ...conclude(
      name,
      'host-not-allowed',
      anyOf([
        { test, matches: hosts.tooLong },
        { test, matches: hosts.regexp, not: true, anyCase: true },
      ]),
    ),
  ]);
}

function kindRules(name: string, { paths }: PolicyPlan): readonly string[] {
  const unknown = variable(name, 'kind', '^$');
  const is = (kind: string, pattern: string): readonly string[] =>
    rule(`E=${name}_kind:${kind}`, [unknown, variable(name, 'path', pattern)]);
  return block('The kind of endpoint at the path as it came. What is not listed is mcp, the strictest.', [
    ...rule(`E=${name}_path:%1`, [{ test: '%{THE_REQUEST}', matches: '^[^ ]+ ([^? ]*)' }]),
    ...Object.entries(paths.exact).flatMap(([path, kind]) => is(kind, `^${literal(path)}$`)),
    ...paths.rules.flatMap(({ regexp, kind }) => is(kind, regexp)),
    ...rule(`E=${name}_kind:${paths.otherwise}`, [unknown]),
  ]);
}

function originRules(name: string, policy: PolicyPlan): readonly string[] {
  const { origins, hosts, guardedKinds } = policy;
  const present: Condition = { test: ORIGIN, matches: '.' };
  const short: Condition = { test: ORIGIN, matches: origins.tooLong, not: true };
  const formed: Condition = { test: ORIGIN, matches: origins.wellFormed };
  const one = (pattern: string): Condition => ({ test: ORIGIN, matches: pattern });
  const admit = (...conditions: readonly Condition[]): readonly string[] =>
    rule(`E=${name}_admitted:1`, [short, ...conditions]);
  const listed = [
    ...(origins.any ? [formed] : []),
    ...(origins.opaque ? [one('^null$')] : []),
    ...chunks(origins.exact).map((some) => one(`^${oneOf(some.map(literal))}$`)),
    ...origins.patterns.map(({ regexp }) => one(regexp)),
  ];
  return [
    ...block('Origin. Only what is listed is admitted: nothing is reflected unchecked.', [
      ...(listed.length === 0 ? [] : admit(...anyOf(listed))),
      ...(origins.expressions.length === 0
        ? []
        : admit(formed, ...anyOf(origins.expressions.map(({ regexp }) => one(regexp))))),
    ]),
    ...(hosts === undefined
      ? []
      : block(
          "A page of the server's own, under a Host that was checked above.",
          admit({ test: `%{REQUEST_SCHEME}://%{HTTP:Host} ${ORIGIN}`, matches: '^([^ ]+) \\1$' }),
        )),
    ...block('What comes of it.', [
      ...conclude(name, 'origin-null', [variable(name, 'admitted', '^$'), one('^null$')]),
      ...conclude(name, 'origin-not-allowed', [variable(name, 'admitted', '^$'), present]),
      ...(policy.missingOrigin === 'deny' ? conclude(name, 'origin-missing', [one('^$')]) : []),
    ]),
    ...(policy.missingOrigin === 'deny' || guardedKinds.length === 0
      ? []
      : block(
          'Pages of other sites can send some requests without Origin; following a link is not meant.',
          conclude(name, 'cross-site-request', [
            one('^$'),
            { test: '%{HTTP:Sec-Fetch-Site}', matches: '^(?:cross-site|same-site)$' },
            { test: '%{HTTP:Sec-Fetch-Dest}', matches: '^document$', not: true },
            variable(name, 'kind', `^${oneOf(guardedKinds)}$`),
          ]),
        )),
  ];
}

function chunks(texts: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(texts.length / ORIGINS_IN_ONE) }, (_, i) =>
    texts.slice(i * ORIGINS_IN_ONE, (i + 1) * ORIGINS_IN_ONE),
  );
}

function preflightRules(name: string, policy: PolicyPlan): readonly string[] {
  const { debug, maxListLength } = policy;
  const at = (kinds: readonly string[]): Condition => variable(name, 'kind', `^${oneOf(kinds)}$`);
  const refuse = (reason: string, ...conditions: readonly Condition[]): readonly string[] =>
    conclude(name, debug ? 'explained' : reason, [...PREFLIGHT, ...conditions]);
  const methods = alike(policy, (kind) => kind.methods).flatMap(([kinds, allowed]) => {
    const other: Condition = { test: METHOD, matches: `^${oneOf(allowed.map(literal))}$`, not: true };
    const always: Condition = { test: METHOD, matches: `^${oneOf(ALWAYS_SENT_METHODS.map(literal))}$` };
    return [
      // A browser sends these whatever a passing preflight lists.
      ...(debug ? conclude(name, 'method-not-allowed', [...PREFLIGHT, at(kinds), other, always]) : []),
      ...refuse('method-not-allowed', at(kinds), other),
    ];
  });
  const lists = alike(policy, (kind) => kind.listRules).flatMap(([kinds, rules]) => [
    ...rules.flatMap(({ regexp, verdict, why }) => {
      const conditions = [
        at(kinds),
        { test: LIST, matches: '.' },
        { test: LIST, matches: regexp, anyCase: true },
      ];
      return [
        `# To ${kinds.join(', ')}: ${why}.`,
        ...(verdict === 'allowed'
          ? conclude(name, 'preflight-allowed', [...PREFLIGHT, ...conditions])
          : refuse(verdict, ...conditions)),
      ];
    }),
    ...refuse('request-header-not-allowed', at(kinds), { test: LIST, matches: '.' }),
  ]);
  return [
    ...block(
      'A preflight is OPTIONS with Origin and a requested method. Methods that pages may use, by kind.',
      methods,
    ),
    ...block('Request headers that pages may send, by kind.', [
      ...refuse('request-headers-malformed', { test: LIST, matches: `^.{${maxListLength + 1}}` }),
      ...lists,
    ]),
  ];
}

function contentTypeRules(name: string, { kinds, jsonContentType }: PolicyPlan): readonly string[] {
  const strict = Object.values(kinds).filter(({ jsonOnly }) => jsonOnly);
  return block(
    'Any page can send a POST that is not JSON without a preflight.',
    conclude(name, 'content-type-not-allowed', [
      { test: '%{REQUEST_METHOD}', matches: '^POST$' },
      variable(name, 'kind', `^${oneOf(strict.map(({ kind }) => kind))}$`),
      { test: '%{HTTP:Content-Type}', matches: jsonContentType, not: true },
    ]),
  );
}
