import { alike } from '../alike.js';
import { oneLine } from '../comment.js';
import { ALWAYS_SENT_METHODS, type PolicyPlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import type { ListVerdict } from '../requestedHeaders.js';
import { type Entry, map, matching, matchingAnyCase, quoted } from './syntax.js';

/**
 * What the checks of a policy come to, in `$NAME_verdict`: `pass`, `preflight-allowed`, `explained` (debug mode), or the
 * reason of a refusal. Each check is a map whose value is the next check, so that nginx makes them in the order of the
 * policy, and only as far as needed.
 */
export function decisionMaps(name: string, policy: PolicyPlan): readonly string[] {
  const v = (suffix: string): string => `$${name}_${suffix}`;
  const firstCheck = policy.hosts === undefined ? v('by_origin') : v('by_host');
  return [
    map(
      'The request target must be a path: an absolute form would override the Host.',
      '$request',
      v('verdict'),
      [
        ['default', 'request-target-not-allowed'],
        [matching('^[^ ]+ /'), firstCheck],
        [matching('^OPTIONS \\* '), firstCheck],
      ],
    ),
    ...hostMaps(name, policy),
    ...originMaps(name, policy),
    map(
      'A preflight is OPTIONS with Origin and a requested method.',
      quoted('$request_method:$http_access_control_request_method'),
      v('by_preflight'),
      [
        ['default', v('by_type')],
        [matching('^OPTIONS:.'), v('by_method')],
      ],
    ),
    ...kindMaps(name, policy),
    ...preflightMaps(name, policy),
    ...contentTypeMaps(name, policy),
  ];
}

function hostMaps(name: string, { hosts }: PolicyPlan): readonly string[] {
  if (hosts === undefined) return [];
  const names = hosts.loopbackAlone
    ? 'the policy names no hosts, so that loopback names alone are taken'
    : oneLine(hosts.texts.join(', '));
  return [
    map(`Host, against DNS rebinding: ${names}.`, '$http_host', `$${name}_by_host`, [
      ['default', 'host-not-allowed'],
      ['""', 'host-missing'],
      [matching(hosts.tooLong), 'host-not-allowed'],
      [matchingAnyCase(hosts.regexp), `$${name}_by_origin`],
    ]),
  ];
}

/** So many origins and no more are written as expressions; more go into a hash table. */
const MOST_EXPRESSIONS = 64;

function originMaps(name: string, policy: PolicyPlan): readonly string[] {
  const { origins, hosts, missingOrigin } = policy;
  const v = (suffix: string): string => `$${name}_${suffix}`;
  const admitted = v('by_preflight');
  const hashed = origins.exact.length > MOST_EXPRESSIONS;
  const foreign = hosts === undefined ? 'origin-not-allowed' : v('by_self');
  const entries: Entry[] = [
    ['default', foreign],
    ['""', missingOrigin === 'deny' ? 'origin-missing' : origins.any ? v('by_type') : v('by_site')],
    [matching('^null$'), origins.opaque ? admitted : 'origin-null'],
    [matching(origins.tooLong), 'origin-not-allowed'],
    ...(origins.any ? [[matching(origins.wellFormed), admitted] as const] : []),
    ...(hashed ? [] : origins.exact.map((origin): Entry => [matching(`^${literal(origin)}$`), admitted])),
    ...origins.patterns.map(({ regexp }): Entry => [matching(regexp), admitted]),
    ...origins.expressions.map(({ regexp }): Entry => [matching(regexp), v('by_form')]),
    // Strings are compared without case, and origins have none in upper case.
    ...(hashed ? [[matching('^[^A-Z]+$'), v('by_list_of_origins')] as const] : []),
  ];
  return [
    map('Tabs around a value are no part of it; nginx takes off spaces alone.', '$http_origin', v('origin'), [
      ['default', '$http_origin'],
      [matching(`^[ \\t]*(?<${name}_bare>[^ \\t]*)[ \\t]*$`), `$${name}_bare`],
    ]),
    map(
      'Origin. Only what is listed is admitted: nothing is reflected unchecked.',
      `$${name}_origin`,
      v('by_origin'),
      entries,
    ),
    ...(origins.expressions.length > 0
      ? [
          map('What a regular expression admits must be an origin at all.', `$${name}_origin`, v('by_form'), [
            ['default', foreign],
            [matching(origins.wellFormed), admitted],
          ]),
        ]
      : []),
    ...(hashed ? [originTable(name, origins.exact, admitted, foreign)] : []),
    ...(hosts === undefined
      ? []
      : [
          map(
            "A page of the server's own, under a Host that was checked above.",
            quoted(`$scheme://$http_host $${name}_origin`),
            v('by_self'),
            [
              ['default', 'origin-not-allowed'],
              [matching(`^(?<${name}_self>[^ ]+) \\k<${name}_self>$`), admitted],
            ],
          ),
        ]),
    ...(missingOrigin === 'deny' || origins.any ? [] : [siteMap(name, policy)]),
  ];
}

/** A hash table of origins. */
function originTable(name: string, exact: readonly string[], admitted: string, foreign: string): string {
  return map('', `$${name}_origin`, `$${name}_by_list_of_origins`, [
    ['default', foreign],
    ...exact.map((origin): Entry => [quoted(origin), admitted]),
  ]);
}

/** Directives for hash tables of origins that nginx's defaults may not hold; they count for all maps of http. */
export function hashSizes(policies: readonly PolicyPlan[]): readonly string[] {
  const tables = policies
    .map(({ origins }) => origins.exact)
    .filter(({ length }) => length > MOST_EXPRESSIONS);
  if (tables.length === 0) return [];
  const most = Math.max(...tables.map(({ length }) => length));
  const longest = tables.flat().reduce((length, origin) => Math.max(length, origin.length), 0);
  const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(least));
  return [
    [
      '# Room for the list of origins. Both must come before the first map: where another file has maps, and nginx says\n',
      '# "duplicate", they belong into nginx.conf, before its includes.\n',
      `map_hash_max_size ${powerOfTwo(most * 2)};\n`,
      `map_hash_bucket_size ${powerOfTwo(longest + 64)};\n`,
    ].join(''),
  ];
}

function siteMap(name: string, { guardedKinds }: PolicyPlan): string {
  const site = `^${oneOf(guardedKinds)}:(?:cross-site|same-site):`;
  return map(
    'No Origin, but an image, a script or a frame of another site: browsers tell by Sec-Fetch-Site.',
    quoted(`$${name}_kind:$http_sec_fetch_site:$http_sec_fetch_dest`),
    `$${name}_by_site`,
    [
      ['default', `$${name}_by_type`],
      [matching(`${site}document$`), `$${name}_by_type`],
      [matching(site), 'cross-site-request'],
    ],
  );
}

function kindMaps(name: string, { paths }: PolicyPlan): readonly string[] {
  return [
    map('The path as it came, without its query.', '$request_uri', `$${name}_path`, [
      [matching(`^(?<${name}_before>[^?]*)`), `$${name}_before`],
    ]),
    map(
      'The kind of endpoint at the path. What is not listed is mcp, the strictest.',
      `$${name}_path`,
      `$${name}_kind`,
      [
        ['default', paths.otherwise],
        ...Object.entries(paths.exact).map(([path, kind]): Entry => [matching(`^${literal(path)}$`), kind]),
        ...paths.rules.map(({ regexp, kind }): Entry => [matching(regexp), kind]),
      ],
    ),
  ];
}

function preflightMaps(name: string, policy: PolicyPlan): readonly string[] {
  const v = (suffix: string): string => `$${name}_${suffix}`;
  const refusal = (verdict: ListVerdict): string => (policy.debug ? 'explained' : verdict);
  const lists = alike(policy, ({ listRules }) => listRules);
  return [
    map(
      'Methods that pages may use, with case.',
      quoted(`$${name}_kind:$http_access_control_request_method`),
      v('by_method'),
      [
        ['default', policy.debug ? 'explained' : 'method-not-allowed'],
        ...alike(policy, ({ methods }) => methods).map(
          ([kinds, methods]): Entry => [
            matching(`^${oneOf(kinds)}:${oneOf(methods.map(literal))}$`),
            v('by_headers'),
          ],
        ),
        // A browser sends these whatever a passing preflight lists.
        ...(policy.debug
          ? [[matching(`:${oneOf(ALWAYS_SENT_METHODS.map(literal))}$`), 'method-not-allowed'] as const]
          : []),
      ],
    ),
    map('Request headers that pages may send, by kind.', v('kind'), v('by_headers'), [
      ...lists.flatMap(([kinds], i) => kinds.map((kind): Entry => [kind, v(`headers_${i + 1}`)])),
    ]),
    ...lists.map(([kinds, rules], i) =>
      map(`To ${kinds.join(', ')}.`, '$http_access_control_request_headers', v(`headers_${i + 1}`), [
        ['default', refusal('request-header-not-allowed')],
        ['""', 'preflight-allowed'],
        ...rules.map(
          ({ regexp, verdict }): Entry => [
            matchingAnyCase(regexp),
            verdict === 'allowed' ? 'preflight-allowed' : refusal(verdict),
          ],
        ),
      ]),
    ),
  ];
}

function contentTypeMaps(name: string, { kinds, jsonContentType }: PolicyPlan): readonly string[] {
  const jsonOnly = Object.values(kinds).filter((kind) => kind.jsonOnly);
  const strict = `^POST:${oneOf(jsonOnly.map(({ kind }) => kind))}$`;
  return [
    map(
      'Any page can send a POST that is not JSON without a preflight.',
      quoted(`$request_method:$${name}_kind`),
      `$${name}_by_type`,
      [
        ['default', 'pass'],
        [matching(strict), `$${name}_by_content`],
      ],
    ),
    map('', '$http_content_type', `$${name}_by_content`, [
      ['default', 'content-type-not-allowed'],
      [matching(jsonContentType), 'pass'],
    ]),
  ];
}
