import { alike } from '../alike.js';
import { oneLine } from '../comment.js';
import { ALWAYS_SENT_METHODS, type PolicyPlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import type { ListVerdict } from '../requestedHeaders.js';
import { type Entry, map, matcher, matching, matchingAnyCase, quoted } from './syntax.js';

/** The placeholder of a policy with this ending. */
export function placeholder(name: string, suffix: string): string {
  return `{${name}_${suffix}}`;
}

/**
 * What is known of a request, each as a placeholder that holds one of a few words. Caddy evaluates a map when it is asked
 * for, so that nothing is looked at without need. What a request sends is matched and never expanded: `vars_regexp` would
 * expand placeholders in it.
 */
export function factMaps(name: string, policy: PolicyPlan): readonly string[] {
  return [
    ...map(
      'The request target must be a path: an absolute form would override the Host.',
      '{http.request.orig_uri}',
      placeholder(name, 'target'),
      [
        [matching('^/'), 'path'],
        ['default', 'none'],
      ],
    ),
    ...hostMap(name, policy),
    ...originMaps(name, policy),
    ...kindMaps(name, policy),
    ...siteMap(name, policy),
    ...preflightMaps(name, policy),
    ...typeMap(name, policy),
    ...map(
      "The server's own Vary stays; ours joins it unless it is named there.",
      '{http.response.header.Vary}',
      placeholder(name, 'vary'),
      [
        ['``', 'Origin'],
        [matchingAnyCase(String.raw`^((?:.*,)?[ \t]*(?:origin|\*)[ \t]*(?:,.*)?)$`), quoted(`\${1}`)],
        ['default', '"Origin, {http.response.header.Vary}"'],
      ],
    ),
  ];
}

function hostMap(name: string, { hosts }: PolicyPlan): readonly string[] {
  if (hosts === undefined) return [];
  const names = hosts.loopbackAlone
    ? 'the policy names no hosts, so that loopback names alone are taken'
    : oneLine(hosts.texts.join(', '));
  return map(`Host, against DNS rebinding: ${names}.`, '{http.request.hostport}', placeholder(name, 'host'), [
    ['``', 'missing'],
    [matching(hosts.tooLong), 'foreign'],
    [matchingAnyCase(hosts.regexp), 'admitted'],
    ['default', 'foreign'],
  ]);
}

function originMaps(name: string, { origins }: PolicyPlan): readonly string[] {
  const listed = placeholder(name, 'listed');
  return [
    ...map(
      'Origin. Only what is listed is admitted: nothing is reflected unchecked. Lines that are repeated come joined.',
      '{http.request.header.Origin}',
      listed,
      [
        ['null', origins.opaque ? 'admitted' : 'null'],
        [matching(origins.tooLong), 'foreign'],
        ...(origins.any ? [[matching(origins.wellFormed), 'admitted'] as const] : []),
        ...origins.exact.map((origin): Entry => [quoted(origin), 'admitted']),
        ...unique(origins.patterns.map(({ regexp }): Entry => [matching(regexp), 'admitted'])),
        ...unique(origins.expressions.map(({ regexp }): Entry => [matching(regexp), 'matching'])),
        ['default', 'foreign'],
      ],
    ),
    ...(origins.expressions.length === 0
      ? []
      : [
          ...map(
            'What a regular expression admits must be an origin at all.',
            '{http.request.header.Origin}',
            placeholder(name, 'form'),
            [
              [matching(origins.wellFormed), 'admitted'],
              ['default', 'foreign'],
            ],
          ),
          ...map('', listed, placeholder(name, 'origin'), [
            ['admitted', 'admitted'],
            ['null', 'null'],
            ['matching', placeholder(name, 'form')],
            ['default', 'foreign'],
          ]),
        ]),
  ];
}

/** The placeholder that says whether an origin is admitted. */
function originOf(name: string, { origins }: PolicyPlan): string {
  return placeholder(name, origins.expressions.length === 0 ? 'listed' : 'origin');
}

function kindMaps(name: string, { paths }: PolicyPlan): readonly string[] {
  return [
    ...map('The path as it came, without its query.', '{http.request.orig_uri}', placeholder(name, 'path'), [
      [matching('^([^?]*)'), quoted(`\${1}`)],
    ]),
    ...map(
      'The kind of endpoint at the path. What is not listed is mcp, the strictest.',
      placeholder(name, 'path'),
      placeholder(name, 'kind'),
      [
        ...Object.entries(paths.exact).map(([path, kind]): Entry => [matching(`^${literal(path)}$`), kind]),
        ...unique(paths.rules.map(({ regexp, kind }): Entry => [matching(regexp), kind])),
        ['default', paths.otherwise],
      ],
    ),
  ];
}

function siteMap(name: string, policy: PolicyPlan): readonly string[] {
  if (!isSiteChecked(policy)) return [];
  const site = `^${oneOf(policy.guardedKinds)}:(?:cross-site|same-site):`;
  return map(
    'No Origin, but an image, a script or a frame of another site: browsers tell by Sec-Fetch-Site.',
    `"${placeholder(name, 'kind')}:{http.request.header.Sec-Fetch-Site}:{http.request.header.Sec-Fetch-Dest}"`,
    placeholder(name, 'site'),
    [
      [matching(`${site}document$`), 'own'],
      [matching(site), 'foreign'],
      ['default', 'own'],
    ],
  );
}

function isSiteChecked({ missingOrigin, origins }: PolicyPlan): boolean {
  return missingOrigin === 'allow' && !origins.any;
}

function preflightMaps(name: string, policy: PolicyPlan): readonly string[] {
  const refusal = (verdict: ListVerdict): string =>
    policy.debug && verdict !== 'allowed' ? 'explained' : verdict;
  return [
    ...map(
      'Methods that pages may use, with case.',
      `"${placeholder(name, 'kind')}:{http.request.header.Access-Control-Request-Method}"`,
      placeholder(name, 'method'),
      [
        ...alike(policy, ({ methods }) => methods).map(
          ([kinds, methods]): Entry => [
            matching(`^${oneOf(kinds)}:${oneOf(methods.map(literal))}$`),
            'allowed',
          ],
        ),
        // A browser sends these whatever a passing preflight lists.
        ...(policy.debug
          ? [[matching(`:${oneOf(ALWAYS_SENT_METHODS.map(literal))}$`), 'method-not-allowed'] as const]
          : []),
        ['default', policy.debug ? 'explained' : 'method-not-allowed'],
      ],
    ),
    ...map(
      'Request headers that pages may send, by kind.',
      `"${placeholder(name, 'kind')}:{http.request.header.Access-Control-Request-Headers}"`,
      placeholder(name, 'list'),
      [
        ...alike(policy, ({ listRules }) => listRules).flatMap(([kinds, rules]) => [
          [matching(`^${oneOf(kinds)}:$`), 'allowed'] as const,
          ...rules.map(
            ({ regexp, verdict }): Entry => [
              matchingAnyCase(`^${oneOf(kinds)}:(?:${regexp.slice(1)})`),
              refusal(verdict),
            ],
          ),
        ]),
        ['default', refusal('request-header-not-allowed')],
      ],
    ),
    ...map('', placeholder(name, 'method'), placeholder(name, 'preflight'), [
      ['allowed', placeholder(name, 'list')],
      ['explained', 'explained'],
      ['default', 'method-not-allowed'],
    ]),
  ];
}

function typeMap(name: string, { kinds, jsonContentType }: PolicyPlan): readonly string[] {
  const jsonOnly = Object.values(kinds).filter((kind) => kind.jsonOnly);
  const strict = `^POST:${oneOf(jsonOnly.map(({ kind }) => kind))}:`;
  return map(
    'Any page can send a POST that is not JSON without a preflight.',
    `"{http.request.method}:${placeholder(name, 'kind')}:{http.request.header.Content-Type}"`,
    placeholder(name, 'type'),
    [
      [matching(`${strict}${jsonContentType.slice(1)}`), 'admitted'],
      [matching(strict), 'foreign'],
      ['default', 'admitted'],
    ],
  );
}

/** Caddy refuses a map that holds a key twice. */
function unique(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(([key], i) => entries.findIndex(([other]) => other === key) === i);
}

/** What the checks match, in the order of the policy; a check matches what it refuses. */
export function checkMatchers(name: string, policy: PolicyPlan): readonly string[] {
  const named = (check: string, ...lines: readonly string[]): readonly string[] =>
    matcher(`@${name}_${check}`, ...lines);
  const origin = originOf(name, policy);
  return [
    '',
    ...named('target', `not vars ${placeholder(name, 'target')} path`),
    ...(policy.hosts === undefined
      ? []
      : [
          ...named('host_missing', `vars ${placeholder(name, 'host')} missing`),
          ...named('host', `not vars ${placeholder(name, 'host')} admitted`),
        ]),
    ...(policy.missingOrigin === 'deny' ? named('origin_missing', 'header !Origin') : []),
    ...(isSiteChecked(policy)
      ? named('cross_site', 'header !Origin', `vars ${placeholder(name, 'site')} foreign`)
      : []),
    ...(policy.origins.opaque ? [] : named('null', 'header Origin *', `vars ${origin} null`)),
    ...(policy.hosts === undefined
      ? []
      : [`# A page of the server's own, under a Host that was checked above, is admitted too.`]),
    ...named(
      'foreign',
      'header Origin *',
      `not vars ${origin} admitted`,
      ...(policy.hosts === undefined
        ? []
        : ['not vars {http.request.header.Origin} {http.request.scheme}://{http.request.hostport}']),
    ),
    '# A preflight is OPTIONS with Origin and a requested method.',
    ...named('preflight', 'method OPTIONS', 'header Origin *', 'header Access-Control-Request-Method *'),
    ...named('method', `vars ${placeholder(name, 'preflight')} method-not-allowed`),
    ...named(
      'list_long',
      `expression \`size({http.request.header.Access-Control-Request-Headers}) > ${policy.maxListLength}\``,
    ),
    ...(policy.debug
      ? []
      : named('list_malformed', `vars ${placeholder(name, 'preflight')} request-headers-malformed`)),
    ...named('preflight_allowed', `vars ${placeholder(name, 'preflight')} allowed`),
    ...named('type', `not vars ${placeholder(name, 'type')} admitted`),
    ...named('page', 'header Origin *'),
    ...named('asked', 'header Access-Control-Request-Headers *'),
  ];
}
