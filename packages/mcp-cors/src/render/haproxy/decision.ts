import type { EndpointKind } from '../../policy/endpoints.js';
import { alike } from '../alike.js';
import { oneLine } from '../comment.js';
import { ALWAYS_SENT_METHODS, type PolicyPlan } from '../plan.js';
import type { Names } from './names.js';
import { originRules } from './origins.js';
import { aclOf, conclude, set } from './rules.js';
import { acl, block } from './syntax.js';

/** A list of requested headers may come in so many lines; one with more is malformed. */
export const MOST_LIST_LINES = 8;

/** Stands for a header that comes in several lines or holds a NUL: no Host, origin, method or type is such a text. */
const UNFIT = "'str(no value)'";

/** Headers that the checks look at, each with its variable. */
const LOOKED_AT: readonly (readonly [variable: string, header: string])[] = [
  ['host', 'host'],
  ['origin', 'origin'],
  ['method', 'access-control-request-method'],
  ['type', 'content-type'],
  ['site', 'sec-fetch-site'],
  ['dest', 'sec-fetch-dest'],
];
const LIST = 'access-control-request-headers';

const PREFLIGHT = ['options', 'with_origin', 'with_method'];

/**
 * What the checks of a policy come to, in the variable `verdict`: `pass`, `preflight-allowed`, `explained` (debug mode),
 * or the reason of a refusal. The checks stand in the order of the policy, and the first that concludes counts.
 */
export function decisionRules(names: Names, policy: PolicyPlan): readonly string[] {
  return [
    ...block(
      'What the checks look at. Nothing that is admitted comes in several lines, but for lists; texts end at a NUL.',
      [
        ...LOOKED_AT.flatMap(([variable, header]) => [
          set(names, variable, `req.fhdr(${header})`),
          `acl ${names.acl(`unfit_${variable}`)} req.fhdr_cnt(${header}) gt 1`,
          ...aclOf(names, `unfit_${variable}`, variable, 'reg', ['\\x00']),
          set(names, variable, UNFIT, [`unfit_${variable}`]),
        ]),
        ...listLines(names),
        set(names, 'path', 'path'),
        `acl ${names.acl('decided')} var(${names.variable('verdict')}) -m found`,
        `acl ${names.acl('with_origin')} req.fhdr_cnt(origin) gt 0`,
        `acl ${names.acl('with_method')} req.fhdr_cnt(access-control-request-method) gt 0`,
        `acl ${names.acl('with_list')} var(${names.variable('list')}),length gt 0`,
        `acl ${names.acl('options')} method -m str OPTIONS`,
        `acl ${names.acl('post')} method -m str POST`,
      ],
    ),
    ...block('The request target must be a path: an absolute form would override the Host.', [
      '# HTTP/2 has no such form; HAProxy shows its targets as URLs.',
      `acl ${names.acl('target_path')} url -m beg /`,
      `acl ${names.acl('target_path')} req.ver -m str 2.0`,
      `acl ${names.acl('target_all')} url -m str *`,
      conclude(
        names,
        'request-target-not-allowed',
        ['!target_path', '!options'],
        ['!target_path', '!target_all'],
      ),
    ]),
    ...hostRules(names, policy),
    ...kindRules(names, policy),
    ...originRules(names, policy),
    ...preflightRules(names, policy),
    ...contentTypeRules(names, policy),
    ...block('Nothing was refused.', [
      conclude(names, 'preflight-allowed', PREFLIGHT),
      conclude(names, 'pass', []),
    ]),
  ];
}

/** The lines of a list are one list, and come back as one. */
function listLines(names: Names): readonly string[] {
  const list = names.variable('list');
  return [
    set(names, 'list', `req.fhdr(${LIST},1)`),
    ...Array.from({ length: MOST_LIST_LINES - 1 }, (_, i) => {
      const more = `'%[var(${list})], %[req.fhdr(${LIST},${i + 2})]'`;
      return `http-request set-var-fmt(${list}) ${more} if { req.fhdr_cnt(${LIST}) ge ${i + 2} }`;
    }),
  ];
}

function hostRules(names: Names, { hosts }: PolicyPlan): readonly string[] {
  if (hosts === undefined) return [];
  const taken = hosts.loopbackAlone
    ? 'the policy names no hosts, so that loopback names alone are taken'
    : oneLine(hosts.texts.join(', '));
  return block(`Host, against DNS rebinding: ${taken}.`, [
    `acl ${names.acl('with_host')} var(${names.variable('host')}),length gt 0`,
    ...aclOf(names, 'host_too_long', 'host', 'reg', [hosts.tooLong]),
    ...aclOf(names, 'host_listed', 'host', 'reg -i', [hosts.regexp]),
    conclude(names, 'host-missing', ['!with_host']),
    conclude(names, 'host-not-allowed', ['host_too_long'], ['!host_listed']),
  ]);
}

function kindRules(names: Names, { paths }: PolicyPlan): readonly string[] {
  const byKind = new Map<EndpointKind, string[]>();
  for (const [path, kind] of Object.entries(paths.exact)) {
    byKind.set(kind, [...(byKind.get(kind) ?? []), path]);
  }
  return block('The kind of endpoint at the path. What is not listed is mcp, the strictest.', [
    `acl ${names.acl('kind_known')} var(${names.variable('kind')}) -m found`,
    ...[...byKind].flatMap(([kind, texts]) => [
      ...aclOf(names, `path_of_${kind}`, 'path', 'str', texts),
      set(names, 'kind', `str(${kind})`, [`path_of_${kind}`]),
    ]),
    ...paths.rules.flatMap(({ regexp, kind }, i) => [
      ...aclOf(names, `path_rule_${i + 1}`, 'path', 'reg', [regexp]),
      set(names, 'kind', `str(${kind})`, ['!kind_known', `path_rule_${i + 1}`]),
    ]),
    set(names, 'kind', `str(${paths.otherwise})`, ['!kind_known']),
  ]);
}

function preflightRules(names: Names, policy: PolicyPlan): readonly string[] {
  const { debug, maxListLength } = policy;
  const refuse = (reason: string, ...alternatives: readonly (readonly string[])[]): string =>
    conclude(names, debug ? 'explained' : reason, ...alternatives.map((all) => [...PREFLIGHT, ...all]));
  const methods = alike(policy, (kind) => kind.methods).flatMap(([kinds, allowed], i) => {
    const [here, listed] = [`methods_${i + 1}_here`, `methods_${i + 1}`];
    return [
      ...aclOf(names, here, 'kind', 'str', kinds),
      ...aclOf(names, listed, 'method', 'str', allowed),
      // A browser sends these whatever a passing preflight lists.
      ...(debug
        ? [conclude(names, 'method-not-allowed', [...PREFLIGHT, here, `!${listed}`, 'always_sent'])]
        : []),
      refuse('method-not-allowed', [here, `!${listed}`]),
    ];
  });
  const lists = alike(policy, (kind) => kind.listRules).flatMap(([kinds, rules], i) => {
    const here = `headers_${i + 1}_here`;
    return [
      ...aclOf(names, here, 'kind', 'str', kinds),
      ...rules.flatMap(({ regexp, verdict, why }, j) => {
        const rule = `headers_${i + 1}_${j + 1}`;
        const alternative = [here, 'with_list', rule];
        return [
          `# To ${kinds.join(', ')}: ${why}.`,
          ...aclOf(names, rule, 'list', 'reg -i', [regexp]),
          verdict === 'allowed'
            ? conclude(names, 'preflight-allowed', [...PREFLIGHT, ...alternative])
            : refuse(verdict, alternative),
        ];
      }),
      refuse('request-header-not-allowed', [here, 'with_list']),
    ];
  });
  return [
    ...block(
      'A preflight is OPTIONS with Origin and a requested method. Methods that pages may use, by kind.',
      [...(debug ? aclOf(names, 'always_sent', 'method', 'str', ALWAYS_SENT_METHODS) : []), ...methods],
    ),
    ...block('Request headers that pages may send, by kind.', [
      `acl ${names.acl('list_too_long')} var(${names.variable('list')}),length gt ${maxListLength}`,
      `acl ${names.acl('list_too_long')} req.fhdr_cnt(${LIST}) gt ${MOST_LIST_LINES}`,
      '# What joins the lines would end them at a NUL.',
      ...acl(names.acl('list_too_long'), `req.fhdr(${LIST})`, 'reg', ['\\x00']),
      refuse('request-headers-malformed', ['list_too_long']),
      ...lists,
    ]),
  ];
}

function contentTypeRules(names: Names, { kinds, jsonContentType }: PolicyPlan): readonly string[] {
  const strict = Object.values(kinds).filter(({ jsonOnly }) => jsonOnly);
  return block('Any page can send a POST that is not JSON without a preflight.', [
    ...aclOf(
      names,
      'json_only',
      'kind',
      'str',
      strict.map(({ kind }) => kind),
    ),
    ...aclOf(names, 'json', 'type', 'reg', [jsonContentType]),
    conclude(names, 'content-type-not-allowed', ['post', 'json_only', '!json']),
  ]);
}
