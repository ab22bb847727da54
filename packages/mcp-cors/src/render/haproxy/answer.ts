import { alike } from '../alike.js';
import type { Plan, PolicyPlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import type { Names } from './names.js';
import { type All, aclOf, ifAny } from './rules.js';
import { block, format, quoted } from './syntax.js';

/** Verdicts on preflights, but for the one that passes. */
const REFUSED_PREFLIGHTS = ['method-not-allowed', 'request-header-not-allowed', 'request-headers-malformed'];

/** Answers that the proxy makes itself, and what the server gets of the rest. */
export function answerRules(names: Names, plan: Plan, policy: PolicyPlan): readonly string[] {
  const verdicts = ['pass', 'preflight-allowed', ...(policy.debug ? ['explained'] : [])];
  return [
    ...block(
      policy.reportOnly
        ? 'Report-only: what would be refused is logged, and goes on with its response left alone.'
        : 'Refusals, as JSON-RPC errors, and preflights.',
      [
        ...[...verdicts, ...policy.denials.map(({ reason }) => reason)].flatMap((verdict) =>
          aclOf(names, verdict, 'verdict', 'str', [verdict]),
        ),
        ...reportLines(names, verdicts),
        ...(policy.reportOnly ? [] : policy.denials.map((denial) => refusal(names, denial))),
        `http-request return status 204${ifAny(names, ...verdicts.slice(1).map((verdict) => [verdict]))}`,
      ],
    ),
    ...block(
      'The policy has answered for these; a server that checks them itself would refuse what is allowed here.',
      plan.droppedRequestHeaders.map((header) => `http-request del-header ${header}`),
    ),
    ...block(
      'HTTP/2 that a client talks with the server past this proxy (h2c) would go unchecked; WebSockets may.',
      [
        `acl ${names.acl('websocket')} req.fhdr(upgrade) -i -m str websocket`,
        `http-request del-header Upgrade${ifAny(names, ['!websocket'])}`,
      ],
    ),
  ];
}

function refusal(names: Names, { reason, status, body }: PolicyPlan['denials'][number]): string {
  return `http-request return status ${status} content-type application/json string ${quoted(body)}${ifAny(names, [reason])}`;
}

/** What the log says of a request that is refused, or would be. */
function reportLines(names: Names, verdicts: readonly string[]): readonly string[] {
  const member = (name: string, variable: string): string =>
    `"${name}":"%[var(${names.variable(variable)}),json(utf8s)]"`;
  const report = `'{${[
    member('reason', 'verdict'),
    '"method":"%HM"',
    member('path', 'path'),
    member('host', 'host'),
    member('origin', 'origin'),
  ].join(',')}}'`;
  return [
    `http-request set-var-fmt(${names.variable('refused')}) ${report}${ifAny(
      names,
      verdicts.map((verdict) => `!${verdict}`),
    )}`,
  ];
}

/** The headers of every response, errors and streams included. */
export function responseRules(names: Names, plan: Plan, policy: PolicyPlan): readonly string[] {
  const { origins, credentials, debug, reportOnly } = policy;
  const refusedLater: readonly string[] = reportOnly ? [] : ['content-type-not-allowed'];
  const readable = ['pass', 'preflight-allowed', ...refusedLater, ...(debug ? ['explained'] : [])];
  const toPage: All = origins.any ? [] : ['named'];
  const header = (name: string, value: string, ...alternatives: readonly All[]): string =>
    `http-after-response set-header ${name} ${value}${ifAny(names, ...alternatives)}`;
  const allowed = readable.map((verdict) => [verdict, ...toPage]);
  const variable = (suffix: string): string => `%[var(${names.variable(suffix)})]`;
  return [
    ...block('What the server says about CORS is replaced, never doubled.', [
      `acl ${names.acl('named')} var(${names.variable('origin')}) -m found`,
      ...plan.corsResponseHeaders.map(
        (one) => `http-after-response del-header ${one}${ifAny(names, ['pass'])}`,
      ),
    ]),
    ...block('What the page may read. After the response: on errors of this proxy too.', [
      header('Access-Control-Allow-Origin', origins.any ? quoted('*') : variable('origin'), ...allowed),
      ...(credentials ? [header('Access-Control-Allow-Credentials', 'true', ...allowed)] : []),
      ...alike(policy, ({ exposeHeaders }) => exposeHeaders).flatMap(([kinds, exposed], i) =>
        exposed === undefined
          ? []
          : [
              ...aclOf(names, `exposed_${i + 1}`, 'kind', 'str', kinds),
              header(
                'Access-Control-Expose-Headers',
                format(exposed),
                ...['pass', ...refusedLater].map((verdict) => [verdict, ...toPage, `exposed_${i + 1}`]),
              ),
            ],
      ),
    ]),
    ...block('Preflights. The requested list comes back as it was asked for: every name in it was checked.', [
      ...alike(policy, ({ allowMethods }) => allowMethods).flatMap(([kinds, methods], i) => [
        ...aclOf(names, `allowed_${i + 1}`, 'kind', 'str', kinds),
        header(
          'Access-Control-Allow-Methods',
          format(methods),
          ['preflight-allowed', `allowed_${i + 1}`],
          ...(debug ? [['explained', `allowed_${i + 1}`]] : []),
        ),
      ]),
      `acl ${names.acl('listed')} var(${names.variable('list')}),length gt 0`,
      header('Access-Control-Allow-Headers', variable('list'), ['preflight-allowed', 'listed']),
      ...(debug ? explainedLines(names, policy, header) : []),
      header('Access-Control-Max-Age', policy.maxAge, ['preflight-allowed']),
    ]),
    ...varyRules(names, policy, header),
  ];
}

/** In debug mode a refused preflight says what is allowed, so that the browser's console names what is missing. */
function explainedLines(
  names: Names,
  policy: PolicyPlan,
  header: (name: string, value: string, ...alternatives: readonly All[]) => string,
): readonly string[] {
  const named = names.variable('explained');
  return alike(policy, ({ allowHeaders, allowedHeaders: { prefixes } }) => ({
    allowHeaders,
    prefixes,
  })).flatMap(([kinds, { allowHeaders, prefixes }], i) => {
    const here = `explained_${i + 1}`;
    const value = format(allowHeaders);
    if (prefixes.length === 0) {
      return [
        ...aclOf(names, here, 'kind', 'str', kinds),
        header('Access-Control-Allow-Headers', value, ['explained', here]),
      ];
    }
    const name = `[ \\t]{0,2}${oneOf(prefixes.map(literal))}[!#$%&'*+.^_\`|~0-9a-z-]{1,118}[ \\t]{0,2}`;
    const others = `,(?!${name}(?:,|$))[^,]*`;
    return [
      '# Of the requested names, those of an allowed prefix are listed too.',
      ...aclOf(names, here, 'kind', 'str', kinds),
      `http-after-response set-var-fmt(${named}) ',%[var(${names.variable('list')})]'${ifAny(names, ['explained', here])}`,
      `http-after-response set-var(${named}) ${quoted(`var(${named}),regsub(${quoted(others)},'',gi)`)}${ifAny(names, ['explained', here])}`,
      header('Access-Control-Allow-Headers', `${value.slice(0, -1)}%[var(${named})]'`, ['explained', here]),
    ];
  });
}

function varyRules(
  names: Names,
  policy: PolicyPlan,
  header: (name: string, value: string, ...alternatives: readonly All[]) => string,
): readonly string[] {
  const { varyOnPass, varyOnDenial, varyOnPreflight, reportOnly, debug } = policy;
  const own = ['pass', 'content-type-not-allowed', ...REFUSED_PREFLIGHTS];
  const early = policy.denials.map(({ reason }) => reason).filter((reason) => !own.includes(reason));
  const preflights = [
    'preflight-allowed',
    ...(debug ? ['explained'] : []),
    ...(reportOnly ? [] : REFUSED_PREFLIGHTS),
  ];
  return block("Vary. The server's own stays; ours joins it unless it is named there.", [
    header('Vary', quoted(varyOnPreflight), ...preflights.map((verdict) => [verdict])),
    ...(reportOnly ? [] : [header('Vary', varyOnDenial, ...early.map((reason) => [reason]))]),
    ...(varyOnPass === ''
      ? []
      : [
          ...(reportOnly ? [] : [header('Vary', varyOnPass, ['content-type-not-allowed'])]),
          `acl ${names.acl('varies')} res.hdr(vary) -i -m str -- origin *`,
          `http-after-response add-header Vary ${varyOnPass}${ifAny(names, ['pass', '!varies'])}`,
        ]),
  ]);
}
