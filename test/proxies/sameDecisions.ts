import fc from 'fast-check';
import { createPolicy, type RequestHead, type StaticPolicyConfig } from 'mcp-cors';
import { describe, expect, test } from 'vitest';
import {
  changeSessionParameter,
  createEndpointEventRewriter,
  createSessionSealer,
  sessionOwner,
} from '../../packages/mcp-cors/src/session/index.js';
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
  .map(([one, fetchSite, fetchDest, path, known]) => ({
    ...one,
    method: onWire(one.method) ?? '',
    path: known ? path : (onWire(one.path)?.split('?', 1)[0] ?? ''),
    host: onWire(one.host),
    origin: onWire(one.origin),
    requestMethod: onWire(one.requestMethod),
    requestHeaders: onWire(one.requestHeaders)?.slice(0, 40_000),
    contentType: onWire(one.contentType),
    sessionId: undefined,
    fetchSite,
    fetchDest,
  }));

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
 * Holds rendered source to the library: its decisions about thousands of hostile heads, its seals, and what it makes of
 * sessions in URLs and event streams.
 */
export function describeSameDecisions({
  language,
  ask,
  headOf = withUnderscores,
  reasonOf = (_, reason) => reason,
}: Rendered): void {
  test(`${language} decides about every head as the policy does`, () => {
    const heads = fc.sample(head, 6_000);
    const policies = POLICIES.map((config) => createPolicy(config));
    const questions = heads.map((one, i) => [i % POLICIES.length, 'decide', headOf(one)] as const);
    const answers = ask(questions);
    const outcomes = new Set<string>();
    for (const [i, one] of heads.entries()) {
      const { outcome, reason, status, headers, vary, kind } = (
        policies[i % POLICIES.length] as (typeof policies)[0]
      ).decide(one);
      outcomes.add(reason);
      expect(answers[i], JSON.stringify(one).slice(0, 2_000)).toEqual({
        outcome,
        reason: reasonOf(outcome, reason),
        status: status ?? null,
        // Content-Type belongs to the body, which is added with it.
        headers: headers.filter(([name]) => name !== 'content-type'),
        vary,
        kind: kind ?? '',
      });
    }
    expect(outcomes.size, [...outcomes].join()).toBeGreaterThanOrEqual(12);
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
