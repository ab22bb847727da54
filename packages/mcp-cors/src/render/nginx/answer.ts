import { alike } from '../alike.js';
import type { PolicyPlan } from '../plan.js';
import { literal, oneOf } from '../regexps.js';
import { type Entry, map, matching, quoted, value } from './syntax.js';

/** The response headers that follow from `$NAME_verdict`, each with its variable; nginx sends none whose value is empty. */
export function answerHeaders({
  credentials,
}: PolicyPlan): readonly (readonly [header: string, suffix: string])[] {
  return [
    ['Access-Control-Allow-Origin', 'allow_origin'],
    ...(credentials ? [['Access-Control-Allow-Credentials', 'allow_credentials'] as const] : []),
    ['Access-Control-Expose-Headers', 'expose_headers'],
    ['Access-Control-Allow-Methods', 'allow_methods'],
    ['Access-Control-Allow-Headers', 'allow_headers'],
    ['Access-Control-Max-Age', 'max_age'],
    ['Vary', 'vary'],
  ];
}

/** Maps from the verdict to the headers, the status and the body of the answer. */
export function answerMaps(name: string, policy: PolicyPlan): readonly string[] {
  const v = (suffix: string): string => `$${name}_${suffix}`;
  const origin = policy.origins.any ? '"*"' : v('origin');
  const explained = (entry: Entry): readonly Entry[] => (policy.debug ? [entry] : []);
  return [
    map(
      'What the page may read, and the answers to preflights. An empty value sends no header.',
      v('verdict'),
      v('allow_origin'),
      [
        ['default', '""'],
        ...['pass', 'preflight-allowed', 'content-type-not-allowed'].map(
          (verdict): Entry => [verdict, origin],
        ),
        ...explained(['explained', origin]),
      ],
    ),
    ...(policy.credentials
      ? [
          map('', v('allow_origin'), v('allow_credentials'), [
            ['default', 'true'],
            ['""', '""'],
          ]),
        ]
      : []),
    map('', quoted(`$${name}_verdict:$${name}_kind:$${name}_allow_origin`), v('expose_headers'), [
      ['default', '""'],
      ...alike(policy, ({ exposeHeaders }) => exposeHeaders).flatMap(([kinds, exposed]): Entry[] =>
        exposed === undefined
          ? []
          : [[matching(`^(?:pass|content-type-not-allowed):${oneOf(kinds)}:.`), value(exposed, name)]],
      ),
    ]),
    map('', quoted(`$${name}_verdict:$${name}_kind`), v('allow_methods'), [
      ['default', '""'],
      ...alike(policy, ({ allowMethods }) => allowMethods).map(
        ([kinds, methods]): Entry => [
          matching(`^(?:preflight-allowed|explained):${oneOf(kinds)}$`),
          value(methods, name),
        ],
      ),
    ]),
    map(
      'The requested list comes back as it was asked for: every name in it was checked.',
      v('verdict'),
      v('allow_headers'),
      [
        ['default', '""'],
        ['preflight-allowed', '$http_access_control_request_headers'],
        ...explained(['explained', v('explained_headers')]),
      ],
    ),
    ...(policy.debug ? explainedMaps(name, policy) : []),
    map('', v('verdict'), v('max_age'), [
      ['default', '""'],
      ['preflight-allowed', policy.maxAge],
    ]),
    ...varyMaps(name, policy),
    map('', v('verdict'), v('status'), [
      ['default', '""'],
      ...policy.denials.map(({ reason, status }): Entry => [reason, String(status)]),
    ]),
    map('', v('verdict'), v('body'), [
      ['default', '""'],
      ...policy.denials.map(({ reason, body }): Entry => [reason, value(body, name)]),
    ]),
  ];
}

/** In debug mode a refused preflight says what is allowed, so that the browser's console names what is missing. */
function explainedMaps(name: string, policy: PolicyPlan): readonly string[] {
  const v = (suffix: string): string => `$${name}_${suffix}`;
  const prefixes = alike(policy, ({ allowedHeaders }) => allowedHeaders.prefixes).flatMap(([, some]) => some);
  const asked = `(?<${name}_name>${oneOf([...new Set(prefixes)].map(literal))}[!#$%&'*+.^_\`|~0-9a-z-]{1,118})`;
  return [
    map('', v('kind'), v('explained_headers'), [
      ...alike(policy, ({ allowHeaders }) => allowHeaders).flatMap(([kinds, headers]) =>
        kinds.map((kind): Entry => [kind, `${value(headers, name).slice(0, -1)}\${${name}_asked}"`]),
      ),
    ]),
    map('', '$http_access_control_request_headers', v('asked'), [
      ['default', '""'],
      ...(prefixes.length === 0
        ? []
        : [[quoted(`~*(?:^|,)[ \\t]{0,2}${asked}[ \\t]{0,2}(?:,|$)`), `", $${name}_name"`] as const]),
    ]),
  ];
}

function varyMaps(name: string, policy: PolicyPlan): readonly string[] {
  const v = (suffix: string): string => `$${name}_${suffix}`;
  const ofPreflights = [
    'preflight-allowed',
    'method-not-allowed',
    'request-header-not-allowed',
    'request-headers-malformed',
  ];
  const onPass = policy.varyOnPass === '' ? '""' : v('vary_on_pass');
  return [
    map('', v('verdict'), v('vary'), [
      ['default', quoted(policy.varyOnDenial)],
      ['pass', onPass],
      ['content-type-not-allowed', quoted(policy.varyOnPass)],
      ...[...ofPreflights, ...(policy.debug ? ['explained'] : [])].map(
        (verdict): Entry => [verdict, quoted(policy.varyOnPreflight)],
      ),
    ]),
    ...(policy.varyOnPass === ''
      ? []
      : [
          map(
            "The server's own Vary stays; ours joins it unless it is named there. Answers of nginx's own have none.",
            '$sent_http_vary',
            v('vary_on_pass'),
            [
              ['default', quoted(policy.varyOnPass)],
              [quoted('~*(?:^|,)[ \\t]*(?:origin|\\*)[ \\t]*(?:,|$)'), '""'],
            ],
          ),
        ]),
  ];
}
