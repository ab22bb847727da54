import { alike } from '../alike.js';
import type { Plan, PolicyPlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import { variable } from './decision.js';
import { block, type Condition, format, jsonText, quoted, rule } from './syntax.js';

/** Verdicts on preflights, but for the one that passes. */
const REFUSED_PREFLIGHTS = ['method-not-allowed', 'request-header-not-allowed', 'request-headers-malformed'];
const LATE = 'content-type-not-allowed';

/** What follows from the verdict: a variable for each header, and the answers that Apache makes itself. */
export function answerRules(name: string, policy: PolicyPlan): readonly string[] {
  const { origins, debug, reportOnly } = policy;
  const verdict = (...verdicts: readonly string[]): Condition =>
    variable(name, 'verdict', `^${oneOf(verdicts)}$`);
  const explained = debug ? ['explained'] : [];
  const readable = ['pass', ...(reportOnly ? [] : [LATE])];
  const toPage = variable(name, 'allow_origin', '.');
  const at = (kinds: readonly string[]): Condition => variable(name, 'kind', `^${oneOf(kinds)}$`);
  const list: Condition = { test: '%{HTTP:Access-Control-Request-Headers}', matches: '.' };
  return [
    ...block(
      'What the page may read, and the answers to preflights. A header is sent where its variable is set.',
      [
        ...rule(`E=${name}_replaced:1`, [verdict('pass')]),
        ...rule(`E=${name}_allow_origin:${origins.any ? '*' : '%{HTTP:Origin}'}`, [
          verdict(...readable, 'preflight-allowed', ...explained),
          ...(origins.any ? [] : [{ test: '%{HTTP:Origin}', matches: '.' }]),
        ]),
        ...alike(policy, ({ exposeHeaders }) => exposeHeaders).flatMap(([kinds, exposed], i) =>
          exposed === undefined
            ? []
            : rule(`E=${name}_expose_${i + 1}:1`, [verdict(...readable), toPage, at(kinds)]),
        ),
        ...alike(policy, ({ allowMethods }) => allowMethods).flatMap(([kinds], i) =>
          rule(`E=${name}_methods_${i + 1}:1`, [verdict('preflight-allowed', ...explained), at(kinds)]),
        ),
        ...rule(`E=${name}_allow_headers:%{HTTP:Access-Control-Request-Headers}`, [
          verdict('preflight-allowed'),
          list,
        ]),
        ...rule(`E=${name}_max_age:1`, [verdict('preflight-allowed')]),
        ...(debug ? explainedRules(name, policy) : []),
      ],
    ),
    ...block("Vary. The server's own stays; ours joins it unless it is named there.", [
      ...(policy.varyOnPass === ''
        ? []
        : rule(`E=${name}_vary:${policy.varyOnPass}`, [verdict(...readable)])),
      ...rule(`E=${name}_vary_preflight:1`, [
        verdict('preflight-allowed', ...explained, ...(reportOnly ? [] : REFUSED_PREFLIGHTS)),
      ]),
      ...(reportOnly
        ? []
        : rule(`E=${name}_vary:${policy.varyOnDenial}`, [
            verdict(
              ...policy.denials
                .map(({ reason }) => reason)
                .filter((reason) => ![LATE, ...REFUSED_PREFLIGHTS].includes(reason)),
            ),
          ])),
    ]),
    ...(reportOnly
      ? block('Report-only: what would be refused is logged, and goes on with its response left alone.', [
          ...rule(`E=${name}_refused:1`, [
            variable(name, 'verdict', '^(?:pass|preflight-allowed|explained)$', true),
          ]),
          ...rule(`E=${name}_origin:%{HTTP:Origin}`, []),
        ])
      : block(
          'Refusals, as JSON-RPC errors.',
          policy.denials.flatMap((denial) => refusal(name, denial)),
        )),
    ...block('Preflights.', rule('R=204', [verdict('preflight-allowed', ...explained)])),
  ];
}

/** The body goes through a condition, since flags end at a comma. */
function refusal(name: string, { reason, status, body }: PolicyPlan['denials'][number]): readonly string[] {
  const [when = '', , set = ''] = [
    rule('', [variable(name, 'verdict', `^${reason}$`)])[0],
    '',
    `RewriteCond ${jsonText(body)} "^(.*)$"`,
  ];
  return [when, set, `RewriteRule "^" - "[E=${BODY}:%1,R=${status}]"`];
}

/** The variable that holds the body of a refusal. */
export const BODY = 'MCP_CORS_BODY';

/** In debug mode a refused preflight says what is allowed, so that the browser's console names what is missing. */
function explainedRules(name: string, policy: PolicyPlan): readonly string[] {
  return alike(policy, ({ allowHeaders, allowedHeaders: { prefixes } }) => ({
    allowHeaders,
    prefixes,
  })).flatMap(([kinds, { prefixes }], i) => {
    const here = [variable(name, 'verdict', '^explained$'), variable(name, 'kind', `^${oneOf(kinds)}$`)];
    const asked = `(${oneOf(prefixes.map(literal))}[!#$%&'*+.^_\`|~0-9a-z-]{1,118})`;
    const pattern = `(?:^|,)[ \\t]{0,2}${asked}[ \\t]{0,2}(?:,|$)`;
    return [
      ...rule(`E=${name}_explained_${i + 1}:1`, here),
      ...(prefixes.length === 0
        ? []
        : rule(`E=${name}_asked:%1`, [
            ...here,
            { test: '%{HTTP:Access-Control-Request-Headers}', matches: pattern, anyCase: true },
          ])),
    ];
  });
}

/** The headers of every response, errors and streams included. */
export function headerLines(name: string, plan: Plan, policy: PolicyPlan): readonly string[] {
  const set = (header: string, value: string, suffix: string): string =>
    `Header always set ${header} ${value} env=${name}_${suffix}`;
  return [
    ...block(
      'What the server says about CORS is replaced, never doubled.',
      plan.corsResponseHeaders.map((header) => `Header unset ${header} env=${name}_replaced`),
    ),
    ...block('On every response, errors and streams included.', [
      set('Access-Control-Allow-Origin', `"%{${name}_allow_origin}e"`, 'allow_origin'),
      ...(policy.credentials ? [set('Access-Control-Allow-Credentials', 'true', 'allow_origin')] : []),
      ...alike(policy, ({ exposeHeaders }) => exposeHeaders).flatMap(([, exposed], i) =>
        exposed === undefined
          ? []
          : [set('Access-Control-Expose-Headers', format(exposed), `expose_${i + 1}`)],
      ),
      ...alike(policy, ({ allowMethods }) => allowMethods).map(([, methods], i) =>
        set('Access-Control-Allow-Methods', format(methods), `methods_${i + 1}`),
      ),
      set('Access-Control-Allow-Headers', `"%{${name}_allow_headers}e"`, 'allow_headers'),
      ...(policy.debug
        ? alike(policy, ({ allowHeaders, allowedHeaders: { prefixes } }) => ({
            allowHeaders,
            prefixes,
          })).flatMap(([, { allowHeaders }], i) => [
            set('Access-Control-Allow-Headers', format(allowHeaders), `explained_${i + 1}`),
          ])
        : []),
      ...(policy.debug
        ? [`Header always merge Access-Control-Allow-Headers "%{${name}_asked}e" env=${name}_asked`]
        : []),
      set('Access-Control-Max-Age', policy.maxAge, 'max_age'),
      `Header always set Vary "%{${name}_vary}e" ${quoted(
        `expr=reqenv('${name}_vary') != '' && resp('Vary') !~ m#(^|,)[ \\t]*(origin|\\*)[ \\t]*(,|$)#i`,
      )}`,
      set('Vary', quoted(policy.varyOnPreflight), 'vary_preflight'),
    ]),
  ];
}
