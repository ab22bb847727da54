import fc from 'fast-check';
import { CARRIER_REASONS, createPolicy, REASONS, type RequestHead, type StaticPolicyConfig } from 'mcp-cors';
import { describe, expect, test } from 'vitest';
import {
  changeSessionParameter,
  createEndpointEventRewriter,
  createSessionSealer,
  sessionOwner,
} from '../../packages/mcp-cors/src/session/index.js';
import { headOf as headOfVector } from '../carriers/requestHead.js';
import { loadVectors } from '../carriers/vectors.js';
import { hostileHead } from '../fuzz/hostile.js';

/** Policies that between them have everything. */
export const POLICIES: readonly StaticPolicyConfig[] = [
  { origins: ['https://app.example.com', 'http://localhost:3000'] },
  {
    origins: ['https://*.example.org', 'http://localhost:*', 'moz-extension://*'],
    hosts: ['*.example.com', '[::1]:80'],
  },
  { origins: '*', exposedHeaders: '*', allowedHeaders: '*' },
  {
    origins: ['https://app.example.com'],
    credentials: true,
    missingOrigin: 'deny',
    debug: true,
    methods: 'PUT,patch',
  },
  {
    origins: ['/^https:\\/\\/(a|aa)*[a-z]+\\.example\\.net$/', '/^https?:\\/\\/.*\\.example\\.com$/'],
    dangerouslyAllowNullOrigin: true,
    dangerouslyAllowAnyHost: true,
  },
  {
    origins: ['http://web.team.svc.cluster.local', 'https://a.example.org'],
    aliases: '.svc.cluster.local',
    hosts: ['mcp.team.svc.cluster.local', 'localhost'],
    endpoints: { '/api': 'mcp', '/files/*': 'other', '/files/in/*': 'oauth', '/TOKEN': 'metadata' },
  },
];

/** Text as a server hands it on: of bytes, without white space around it. */
const onWire = (text: string | undefined): string | undefined =>
  text?.replaceAll(/[^\t -~\x80-\xff]/g, '').replaceAll(/^[ \t]+|[ \t]+$/g, '');

/** A head as a server hands it to what was rendered. Sessions have tests of their own. */
function asReceived(head: RequestHead): RequestHead {
  return {
    ...head,
    method: onWire(head.method) ?? '',
    path: onWire(head.path)?.split('?', 1)[0] ?? '',
    host: onWire(head.host),
    origin: onWire(head.origin),
    requestMethod: onWire(head.requestMethod),
    requestHeaders: onWire(head.requestHeaders)?.slice(0, 40_000),
    contentType: onWire(head.contentType),
    sessionId: undefined,
  };
}

const head: fc.Arbitrary<RequestHead> = fc
  .tuple(
    hostileHead,
    fc.option(fc.constantFrom('cross-site', 'same-site', 'same-origin', 'none'), { nil: undefined }),
    fc.option(fc.constantFrom('document', 'image', 'empty'), { nil: undefined }),
    fc.constantFrom(
      '/TOKEN',
      '/Files/in/x',
      '/files/in/../x',
      '/files/x',
      '/api/',
      '/x/server-card',
      '/mcp',
      '/token',
    ),
    fc.boolean(),
  )
  .map(([one, fetchSite, fetchDest, path, known]) =>
    asReceived({ ...one, path: known ? path : one.path, fetchSite, fetchDest }),
  );

/** The head of every vector, whatever policy the vector is for, at a server that is not bound to loopback. */
const headsOfVectors = (): RequestHead[] =>
  loadVectors().flatMap(({ vectors }) =>
    vectors.map(({ request }) => asReceived({ ...headOfVector(request), loopback: false })),
  );

/** The reasons that a policy finds in a head: the others are found by a carrier, or by the adapter that lost headers. */
const REASONS_OF_HEADS: readonly string[] = Object.keys(REASONS).filter(
  (reason) => !([...CARRIER_REASONS, 'request-head-incomplete'] as readonly string[]).includes(reason),
);

/** What rendered source is asked: by the number of its policy, with arguments that JSON can hold. */
export type Question = readonly [policy: number, asked: string, ...args: unknown[]];

/** Source that was rendered from each of the policies, in a language of its own. */
export interface Rendered {
  readonly language: string;
  /** Puts questions to it, many at once. */
  readonly ask: (questions: readonly Question[]) => readonly unknown[];
  /** A head as the language is given it; names with underscores if not said. */
  readonly headOf?: (head: RequestHead) => object;
  /** The reason of a decision, where the language does not tell all of them. */
  readonly reasonOf?: (outcome: string, reason: string) => string;
}

function withUnderscores({ scheme = 'http', loopback = true, ...given }: RequestHead): object {
  return {
    method: given.method,
    path: given.path,
    scheme,
    loopback,
    host: given.host ?? null,
    origin: given.origin ?? null,
    request_method: given.requestMethod ?? null,
    request_headers: given.requestHeaders ?? null,
    content_type: given.contentType ?? null,
    session_id: given.sessionId ?? null,
    fetch_site: given.fetchSite ?? null,
    fetch_dest: given.fetchDest ?? null,
  };
}

/**
 * Holds rendered source to the library: its decisions about the heads of all vectors and about thousands of hostile ones, its
 * seals, and what it makes of sessions in URLs and event streams.
 */
export function describeSameDecisions({
  language,
  ask,
  headOf = withUnderscores,
  reasonOf = (_, reason) => reason,
}: Rendered): void {
  test(`${language} decides about every head as the policy does`, () => {
    const policies = POLICIES.map((config) => createPolicy(config));
    const cases = [
      // These meet every reason, as no sample can be trusted to.
      ...headsOfVectors().flatMap((one) => policies.map((_, policy) => ({ policy, one }))),
      ...fc.sample(head, 6_000).map((one, i) => ({ policy: i % policies.length, one })),
    ];
    const answers = ask(cases.map(({ policy, one }) => [policy, 'decide', headOf(one)] as const));
    const reasons = new Set<string>();
    for (const [i, { policy, one }] of cases.entries()) {
      const { outcome, reason, status, headers, vary, kind } = (
        policies[policy] as (typeof policies)[0]
      ).decide(one);
      reasons.add(reason);
      expect(answers[i], `policy ${policy}, ${JSON.stringify(one).slice(0, 2_000)}`).toEqual({
        outcome,
        reason: reasonOf(outcome, reason),
        status: status ?? null,
        // Content-Type belongs to the body, which is added with it.
        headers: headers.filter(([name]) => name !== 'content-type'),
        vary,
        kind: kind ?? '',
      });
    }
    expect([...reasons].sort()).toEqual([...REASONS_OF_HEADS].sort());
  });

  describe('sessions', () => {
    const secrets = ['x'.repeat(32), 'é'.repeat(40)] as const;
    const text = fc.string({ unit: fc.constantFrom(...'abc019-_.~é\0 %+/"') });

    test('are sealed as the library seals them, and opened', () => {
      const sealer = createSessionSealer([...secrets]);
      const old = createSessionSealer([secrets[1]]);
      const pairs = fc.sample(fc.tuple(text, text), 300);
      const sealed = ask(pairs.map(([owner, id]) => [0, 'seal', secrets, owner, id] as const));
      expect(sealed).toEqual(pairs.map(([owner, id]) => sealer.seal(owner, id)));
      const opened = ask(
        pairs.flatMap(([owner, id]) => [
          [0, 'open', secrets, owner, sealer.seal(owner, id)] as const,
          [0, 'open', secrets, owner, old.seal(owner, id)] as const,
          [0, 'open', secrets, `${owner}x`, sealer.seal(owner, id)] as const,
          [0, 'open', [secrets[1]], owner, sealer.seal(owner, id)] as const,
          [0, 'open', secrets, owner, `${sealer.seal(owner, id)}x`] as const,
          [0, 'open', secrets, owner, id] as const,
        ]),
      );
      expect(opened).toEqual(pairs.flatMap(([, id]) => [id, id, null, null, null, null]));
    });

    test('belong to whom the library says', () => {
      // An empty Host is refused before it could count.
      const heads = fc.sample(head, 500).map((one) => ({ ...one, host: one.host || undefined }));
      expect(ask(heads.map((one) => [0, 'owner', headOf(one)] as const))).toEqual(heads.map(sessionOwner));
    });

    test('are changed in URLs as the library changes them', () => {
      const part = fc.constantFrom(
        ...[
          'sessionId',
          'session_id',
          'sessionid',
          'SessionID',
          'session.id',
          'sessionId[]',
          'ſessionId',
          'x',
          '%73essionId',
        ],
        ...[
          '=',
          '=',
          '=',
          '&',
          '&',
          ';',
          '?',
          '#',
          '+',
          '%20',
          '%',
          '%e9',
          '%C3%A9',
          '%ED%A0%80',
          'é',
          'a1',
          '',
          '..',
          '/',
        ],
      );
      const targets = fc.sample(
        fc.array(part, { maxLength: 10 }).map((parts) => `/messages?${parts.join('')}`),
        3_000,
      );
      targets.push('/x', '', '?', '/m?sessionId=1', '/m?a=b&sessionId=1&c', '/m?sessionId=%E2%82%AC');
      expect(ask(targets.map((target) => [0, 'parameter', target] as const))).toEqual(
        targets.map((target) => changeSessionParameter(target, (id) => `<${id}>`) ?? null),
      );
    });

    test('are sealed in the endpoint event as the library seals them, however the bytes are cut', () => {
      const line = fc.constantFrom(
        ...[
          'event: endpoint',
          'event:endpoint',
          'event: message',
          'data',
          'data: é',
          'data:  /m?sessionId=1',
        ],
        ...['data: /m?sessionId=1', 'data: /m?sessionId=1', 'data:/m?session_id=a%20b&x', '', '', ''],
        ...[': comment', 'retry: 1', '\ufeff', '\ufeffevent: endpoint'],
      );
      const end = fc.constantFrom('\n', '\r\n', '\r');
      const piece = fc.tuple(line, end).map((parts) => parts.join(''));
      const encoder = new TextEncoder();
      const streams = fc.sample(
        fc.tuple(fc.array(piece, { maxLength: 14 }), fc.array(fc.nat(60), { maxLength: 6 }), fc.boolean()),
        2_000,
      );
      const cut = streams.map(([pieces, cuts, broken]) => {
        const bytes = [...encoder.encode(pieces.join('')), ...(broken ? [0xff, 10, 10] : [])];
        const at = [...new Set(cuts)].filter((place) => place < bytes.length).sort((a, b) => a - b);
        return [0, ...at].map((from, i) => bytes.slice(from, at[i] ?? bytes.length));
      });
      cut.push([[...encoder.encode(`: ${'x'.repeat(20_000)}\n\nevent: endpoint\ndata: /m?sessionId=1\n\n`)]]);
      const expected = cut.map((parts) => {
        const rewriter = createEndpointEventRewriter((id) => `<${id}>`);
        const pushed = parts.map((part) => [...rewriter.push(Uint8Array.from(part))]);
        return [...pushed, [...rewriter.flush()]];
      });
      const given = ask(cut.map((parts) => [0, 'event', parts] as const));
      for (const [i, parts] of cut.entries()) {
        expect(given[i], Buffer.from(parts.flat()).toString()).toEqual(expected[i]);
      }
      expect(
        expected.filter((parts) => String.fromCharCode(...parts.flat().slice(0, 10_000)).includes('%3C1%3E'))
          .length,
      ).toBeGreaterThan(20);
    });
  });
}
