import { describe, expect, it, test } from 'vitest';
import { denyAfter } from './decide.js';
import {
  CARRIER_REASONS,
  type CarrierReason,
  CHECKS,
  REASONS,
  type Reason,
  type RequestHead,
} from './decision.js';
import { ENDPOINT_KINDS, isJsonOnly } from './endpoints.js';
import { explain } from './explain.js';
import { createPolicy, type StaticPolicyConfig } from './policy.js';

const APP = 'https://app.example.com';
const HOST = 'mcp.example.com';
const BASE: StaticPolicyConfig = { origins: [APP], hosts: [HOST] };
const POST: RequestHead = { method: 'POST', path: '/mcp', host: HOST, contentType: 'application/json' };
const GET: RequestHead = { method: 'GET', path: '/mcp', host: HOST };
const PREFLIGHT: RequestHead = {
  method: 'OPTIONS',
  path: '/mcp',
  host: HOST,
  origin: APP,
  requestMethod: 'POST',
};

interface Case {
  readonly config?: StaticPolicyConfig;
  readonly head: RequestHead;
  /** What the sentence must name. */
  readonly why: readonly string[];
  /** What the remedy must name; absent when there is nothing to mend. */
  readonly remedy?: string;
}

const CASES: Record<Exclude<Reason, CarrierReason>, readonly Case[]> = {
  'origin-allowed': [
    { head: { ...POST, origin: APP }, why: [`'${APP}'`, 'pattern'] },
    {
      config: { ...BASE, origins: 'https://*.example.com' },
      head: { ...POST, origin: APP },
      why: [`'${APP}'`, "'https://*.example.com'"],
    },
  ],
  'same-origin': [{ head: { ...POST, origin: `http://${HOST}` }, why: [`'http://${HOST}'`, 'Host'] }],
  'no-origin': [{ head: POST, why: ['no Origin'] }],
  'preflight-allowed': [
    { head: PREFLIGHT, why: ["'POST'", `origin '${APP}' is admitted by '${APP}', and`] },
    { head: { ...PREFLIGHT, origin: `http://${HOST}` }, why: ["'POST'", `origin 'http://${HOST}', and`] },
  ],
  'request-head-incomplete': [
    { head: { ...POST, incomplete: true }, why: ['more headers'], remedy: 'maxHeadersCount' },
  ],
  'cross-site-request': [
    {
      head: { ...POST, method: 'GET', origin: undefined, fetchSite: 'cross-site', fetchDest: 'image' },
      why: ['Sec-Fetch-Site', 'cross-site'],
      remedy: 'cors mode',
    },
  ],
  'request-target-not-allowed': [
    { head: { ...POST, path: 'http://evil.example/' }, why: ["'http://evil.example/'"], remedy: '/' },
  ],
  'host-missing': [
    { head: { ...POST, host: undefined }, why: ['no Host'], remedy: 'dangerouslyAllowAnyHost' },
  ],
  'host-not-allowed': [
    {
      head: { ...POST, host: 'other.example:8443' },
      why: ["'other.example:8443'"],
      remedy: "hosts: ['other.example']",
    },
    {
      head: { ...POST, host: 'OTHER.example' },
      why: ["'OTHER.example'"],
      remedy: "hosts: ['other.example']",
    },
    { head: { ...POST, host: '[::1]:3000' }, why: ["'[::1]:3000'"], remedy: "hosts: ['[::1]']" },
    { head: { ...POST, host: '[::1]' }, why: ["'[::1]'"], remedy: "hosts: ['[::1]']" },
  ],
  'origin-missing': [
    {
      config: { ...BASE, missingOrigin: 'deny' },
      head: POST,
      why: ['missingOrigin'],
      remedy: "missingOrigin: 'allow'",
    },
  ],
  'origin-null': [{ head: { ...POST, origin: 'null' }, why: ['null'], remedy: 'dangerouslyAllowNullOrigin' }],
  'origin-not-allowed': [
    {
      head: { ...POST, origin: 'https://new.example:8443' },
      why: ["'https://new.example:8443'", 'not among'],
      remedy: "origins: ['https://new.example:8443']",
    },
    {
      head: { ...POST, origin: `${APP}/` },
      why: [`'${APP}/'`, 'not one that a browser would send'],
      remedy: 'without a path',
    },
    { head: { ...POST, origin: '' }, why: ["''"], remedy: 'scheme://host[:port]' },
  ],
  'method-not-allowed': [
    { head: { ...PREFLIGHT, requestMethod: 'PUT' }, why: ["'PUT'", 'mcp'], remedy: "methods: ['PUT']" },
    {
      head: { ...PREFLIGHT, path: '/messages', requestMethod: 'GET' },
      why: ["'GET'", 'messages'],
      remedy: "methods: ['GET']",
    },
    { head: { ...PREFLIGHT, requestMethod: '' }, why: ["''"], remedy: 'Write a method such as PUT' },
    { head: { ...PREFLIGHT, requestMethod: 'A B' }, why: ["'A B'"], remedy: 'Write a method such as PUT' },
  ],
  'request-header-not-allowed': [
    {
      head: { ...PREFLIGHT, requestHeaders: 'accept,x-new' },
      why: ["'x-new'", 'mcp'],
      remedy: "allowedHeaders: ['x-new']",
    },
  ],
  'request-headers-malformed': [
    {
      head: { ...PREFLIGHT, requestHeaders: 'a b' },
      why: ['Access-Control-Request-Headers'],
      remedy: 'commas',
    },
  ],
  'content-type-not-allowed': [
    {
      head: { ...POST, contentType: 'text/plain' },
      why: ["'text/plain'", 'mcp', 'application/json'],
      remedy: 'application/json',
    },
    { head: { ...POST, contentType: undefined }, why: ['none'], remedy: 'application/json' },
  ],
};

const ROWS = (Object.entries(CASES) as [Reason, readonly Case[]][]).flatMap(([reason, cases]) =>
  cases.map((one, i) => ({ reason, i, ...one })),
);

describe('explain', () => {
  test('every reason has a case', () => {
    expect([...Object.keys(CASES), ...CARRIER_REASONS].toSorted()).toEqual(Object.keys(REASONS).toSorted());
    for (const cases of Object.values(CASES)) expect(cases.length).toBeGreaterThan(0);
  });

  test.each<[CarrierReason, RequestHead, string, string]>([
    ['session-not-found', { ...POST, origin: APP }, `sealed to '${APP}'`, 'sessions.secret'],
    ['session-not-found', POST, 'sealed to clients without Origin', '404'],
    ['rate-limited', { ...POST, origin: APP }, `budget for the origin '${APP}'.`, 'Retry-After'],
    ['rate-limited', POST, 'used up its budget.', 'limiter'],
    ['limiter-failed', POST, "onLimiterError is 'deny'", "onLimiterError: 'allow'"],
  ])('%s, which a carrier decides about %j', (reason, head, why, remedy) => {
    const policy = createPolicy({ ...BASE, sessions: { secret: 's'.repeat(32) } });
    const sessionId = 'a-secret-id';
    const denied = denyAfter(policy.decide(head), reason);
    const explanation = explain({ ...head, sessionId }, denied, policy.settings);
    expect(explanation).toMatchObject({ verdict: 'refused', reason, decision: denied });
    expect(explanation.why).toContain(why);
    expect(explanation.remedy).toContain(remedy);
    expect(JSON.stringify(explanation)).not.toContain(sessionId);
    const failed = explanation.checks.filter(({ result }) => result === 'failed');
    expect(failed.map(({ check }) => check)).toEqual([REASONS[reason].check]);
    const session = explanation.checks.find(({ check }) => check === 'session');
    expect(session?.result).toBe(reason === 'session-not-found' ? 'failed' : 'passed');
  });

  test.each(ROWS)('$reason, case $i', ({ reason, config = BASE, head, why, remedy }) => {
    const policy = createPolicy(config);
    const explanation = policy.explain(head);
    expect(explanation.reason).toBe(reason);
    expect(explanation.decision).toEqual(policy.decide(head));
    expect(explanation.verdict).toBe(REASONS[reason].outcome === 'deny' ? 'refused' : 'allowed');
    expect(explanation.why).toMatch(/^[A-Z].*\.$/s);
    for (const part of why) expect(explanation.why).toContain(part);
    if (REASONS[reason].outcome !== 'deny') {
      expect(explanation.remedy).toBeUndefined();
    } else {
      expect(explanation.remedy).toMatch(/^[A-Z].*\.$/s);
      expect(explanation.remedy).toContain(remedy);
    }
    expect(Object.isFrozen(explanation)).toBe(true);
  });

  test.each(ROWS)(
    '$reason, case $i, is explained alike when it is only reported',
    ({ config = BASE, head }) => {
      const enforced = createPolicy(config).explain(head);
      const reported = createPolicy({ ...config, reportOnly: true }).explain(head);
      for (const key of ['verdict', 'reason', 'why', 'remedy', 'checks'] as const) {
        expect(reported[key]).toEqual(enforced[key]);
      }
    },
  );
});

test('a decision is explained although its head has lost what it was about', () => {
  const { decide, settings } = createPolicy(BASE);
  const bare: RequestHead = { method: 'POST', path: '/mcp' };
  for (const { head } of ROWS) {
    const { why, remedy } = explain(bare, decide(head), settings);
    expect(why).not.toContain('undefined');
    expect(remedy ?? '').not.toContain('undefined');
  }
  expect(explain(bare, decide({ ...POST, origin: 'https://evil.example' }), settings).why).toContain('none');
  // What is lost is shown as an empty text, which no list takes.
  for (const head of [
    { ...POST, host: 'evil.example' },
    { ...PREFLIGHT, requestMethod: 'PUT' },
    { ...PREFLIGHT, requestHeaders: 'x-new' },
  ]) {
    const { remedy } = explain(bare, { ...decide(head), subject: undefined }, settings);
    expect(remedy).toContain('No policy like this one can allow it');
    expect(remedy).toContain("('')");
  }
});

/** The part of a configuration that a remedy tells the owner to add. */
function proposal(remedy: string | undefined): Partial<StaticPolicyConfig> | undefined {
  const match = /(hosts|origins|methods|allowedHeaders): \['(.*)'\]/s.exec(remedy ?? '');
  return match === null ? undefined : { [match[1] as string]: [match[2] as string] };
}

describe('a remedy that is a piece of configuration', () => {
  const heads: RequestHead[] = [
    ...ROWS.filter(({ remedy }) => remedy?.includes("['")).map(({ head }) => head),
    { ...POST, host: 'localhost:3000' },
    { ...POST, host: '10.0.0.1' },
    { ...POST, origin: 'http://localhost:5173' },
    { ...POST, origin: 'moz-extension://2f1d3c1c-6a3e-4b5f-9d0e-0a1b2c3d4e5f' },
    { ...PREFLIGHT, requestMethod: 'patch' },
    { ...PREFLIGHT, requestHeaders: 'X-Mixed-Case' },
  ];

  test.each(heads.map((head) => [JSON.stringify(head), head] as const))(
    'mends what it was given for: %s',
    (_, head) => {
      const added = proposal(createPolicy(BASE).explain(head).remedy);
      expect(added).toBeDefined();
      const mended = createPolicy({
        ...BASE,
        ...added,
        origins: [APP, ...((added?.origins as string[] | undefined) ?? [])],
        hosts: [HOST, ...((added?.hosts as string[] | undefined) ?? [])],
      });
      expect(mended.explain(head).verdict).toBe('allowed');
    },
  );

  it('quotes a header name that has a quote in it', () => {
    const { remedy } = createPolicy(BASE).explain({ ...PREFLIGHT, requestHeaders: "x'y" });
    expect(remedy).toContain(`add it to allowedHeaders: allowedHeaders: ["x'y"].`);
    expect(createPolicy({ ...BASE, allowedHeaders: ["x'y"] }).settings.allowedHeaders).toEqual(["x'y"]);
  });

  // What no policy may allow, or no text can say, is no remedy.
  test.each<[string, RequestHead]>([
    ['a forbidden method', { ...PREFLIGHT, requestMethod: 'TRACE' }],
    ['any method', { ...PREFLIGHT, requestMethod: '*' }],
    ['a forbidden request header', { ...PREFLIGHT, requestHeaders: 'cookie' }],
    [
      'a CORS response header that a page sends by mistake',
      { ...PREFLIGHT, requestHeaders: 'access-control-allow-origin' },
    ],
    ['a header name with a quote', { ...PREFLIGHT, requestHeaders: "x'y" }],
    ['a method with a quote', { ...PREFLIGHT, requestMethod: "A'B" }],
    ['two hosts', { ...POST, host: `${HOST}, evil.example` }],
    ['a host with a trailing dot', { ...POST, host: `${HOST}.` }],
    ['a host of 1 kB', { ...POST, host: 'a'.repeat(1000) }],
    ['a host with a control character', { ...POST, host: 'a\u001bb' }],
    ['a host with a quote', { ...POST, host: "a'b" }],
  ])('is never one that createPolicy refuses: %s', (_, head) => {
    const { remedy, reason } = createPolicy(BASE).explain(head);
    expect(REASONS[reason].outcome).toBe('deny');
    expect(remedy).toBeDefined();
    const added = proposal(remedy);
    if (added === undefined) return;
    expect(Object.values(added).flat().join()).not.toContain("'");
    expect(() => createPolicy({ ...BASE, ...added })).not.toThrow();
  });
});

describe('the checks', () => {
  const results = (head: RequestHead, config = BASE): string =>
    createPolicy(config)
      .explain(head)
      .checks.map(({ check, result }) => `${check} ${result}`)
      .join(', ');

  test.each<[string, RequestHead, string]>([
    [
      'a POST',
      { ...POST, origin: APP },
      'request-target passed, host passed, origin passed, preflight-method skipped, preflight-headers skipped, content-type passed',
    ],
    [
      'a GET',
      { ...POST, method: 'GET' },
      'request-target passed, host passed, origin passed, preflight-method skipped, preflight-headers skipped, content-type skipped',
    ],
    [
      'a preflight',
      PREFLIGHT,
      'request-target passed, host passed, origin passed, preflight-method passed, preflight-headers passed, content-type skipped',
    ],
    // https://fetch.spec.whatwg.org/#cors-preflight-request: an OPTIONS with both headers, and nothing else.
    [
      'a GET with the headers of a preflight',
      { ...PREFLIGHT, method: 'GET' },
      'request-target passed, host passed, origin passed, preflight-method skipped, preflight-headers skipped, content-type skipped',
    ],
    [
      'an OPTIONS without a requested method',
      { ...PREFLIGHT, requestMethod: undefined },
      'request-target passed, host passed, origin passed, preflight-method skipped, preflight-headers skipped, content-type skipped',
    ],
    [
      'an OPTIONS without an origin',
      { ...PREFLIGHT, origin: undefined },
      'request-target passed, host passed, origin passed, preflight-method skipped, preflight-headers skipped, content-type skipped',
    ],
    [
      'a request target',
      { ...POST, path: 'x' },
      'request-target failed, host skipped, origin skipped, preflight-method skipped, preflight-headers skipped, content-type skipped',
    ],
    [
      'a host',
      { ...POST, host: 'x' },
      'request-target passed, host failed, origin skipped, preflight-method skipped, preflight-headers skipped, content-type skipped',
    ],
    [
      'an origin',
      { ...POST, origin: 'null' },
      'request-target passed, host passed, origin failed, preflight-method skipped, preflight-headers skipped, content-type skipped',
    ],
    [
      'a method',
      { ...PREFLIGHT, requestMethod: 'PUT' },
      'request-target passed, host passed, origin passed, preflight-method failed, preflight-headers skipped, content-type skipped',
    ],
    [
      'a header',
      { ...PREFLIGHT, requestHeaders: 'x-evil' },
      'request-target passed, host passed, origin passed, preflight-method passed, preflight-headers failed, content-type skipped',
    ],
    [
      'a content type',
      { ...POST, contentType: 'text/plain' },
      'request-target passed, host passed, origin passed, preflight-method skipped, preflight-headers skipped, content-type failed',
    ],
  ])('tell where %s was decided about', (_, head, expected) => {
    expect(results(head)).toBe(expected);
  });

  it('are all there, in their order, with what they looked at', () => {
    const { checks } = createPolicy({ ...BASE, origins: 'https://*.example.com' }).explain({
      ...PREFLIGHT,
      requestHeaders: 'accept,x-evil',
    });
    const carriers = CARRIER_REASONS.map((reason) => REASONS[reason].check as string);
    expect(checks.map(({ check }) => check)).toEqual(CHECKS.filter((check) => !carriers.includes(check)));
    const details = Object.fromEntries(checks.map(({ check, detail }) => [check, detail]));
    expect(details).toMatchObject({
      'request-target': "'/mcp'",
      host: `'${HOST}'`,
      origin: `'${APP}' by 'https://*.example.com'`,
      'preflight-method': "'POST'",
      'preflight-headers': "'x-evil'",
      'content-type': 'refused before',
    });
  });

  it('say why they were skipped', () => {
    const reasons = (head: RequestHead): string[] => {
      const { checks } = createPolicy(BASE).explain(head);
      return checks.filter(({ result }) => result === 'skipped').map(({ detail }) => detail);
    };
    expect(new Set(reasons({ ...POST, origin: 'https://evil.example' }))).toEqual(
      new Set(['refused before']),
    );
    expect(new Set(reasons({ ...GET, origin: APP }))).toEqual(new Set(['does not apply']));
  });

  it('say "none" where there was nothing to look at', () => {
    const { checks } = createPolicy(BASE).explain({ ...POST, contentType: undefined });
    const details = Object.fromEntries(checks.map(({ check, detail }) => [check, detail]));
    expect(details).toMatchObject({ origin: 'none', 'content-type': 'none' });
  });

  const resultOf = (check: string, head: RequestHead, config = BASE): string | undefined =>
    createPolicy(config)
      .explain(head)
      .checks.find((one) => one.check === check)?.result;

  test.each<[string, StaticPolicyConfig, Partial<RequestHead>, string]>([
    ['is passed where hosts are named', BASE, {}, 'passed'],
    ['is passed where hosts are named, beyond loopback too', BASE, { loopback: false }, 'passed'],
    ['is passed on loopback', { origins: APP }, { host: 'localhost', loopback: true }, 'passed'],
    ['is passed where nobody knows the connection', { origins: APP }, { host: 'localhost' }, 'passed'],
    ['is skipped beyond loopback where none are named', { origins: APP }, { loopback: false }, 'skipped'],
    [
      'is skipped when any host is allowed, dangerously',
      { ...BASE, dangerouslyAllowAnyHost: true },
      { host: 'evil.example' },
      'skipped',
    ],
  ])('the Host %s', (_, config, head, expected) => {
    expect(resultOf('host', { ...POST, ...head }, config)).toBe(expected);
  });

  test.each(ENDPOINT_KINDS)(
    'the content type is passed or skipped as an endpoint of kind %s has it',
    (kind) => {
      const config = { ...BASE, endpoints: { '/x': kind } };
      const expected = isJsonOnly(kind) ? 'passed' : 'skipped';
      expect(resultOf('content-type', { ...POST, path: '/x' }, config)).toBe(expected);
    },
  );

  it('skip the content type where any passes, and fail it where one only does', () => {
    const config: StaticPolicyConfig = { ...BASE, endpoints: { '/x': 'other' } };
    const text = { ...POST, contentType: 'text/plain' };
    expect(resultOf('content-type', { ...text, path: '/x' }, config)).toBe('skipped');
    expect(resultOf('content-type', text, config)).toBe('failed');
  });
});

test('hostile values are shown short and without control characters', () => {
  const hostile = `\u001b]0;x\u0007\r\n${'a'.repeat(10_000)}`;
  for (const head of [
    { ...POST, path: hostile },
    { ...POST, host: hostile },
    { ...POST, origin: hostile },
    { ...PREFLIGHT, requestMethod: hostile },
    { ...PREFLIGHT, requestHeaders: hostile },
    { ...POST, contentType: hostile },
    { ...POST, path: `/${hostile}` },
  ]) {
    const { why, remedy = '', checks } = createPolicy(BASE).explain(head);
    for (const text of [why, remedy, ...checks.map(({ detail }) => detail)]) {
      expect(text.length).toBeLessThan(600);
      expect(text).not.toMatch(/\p{Cc}/u);
    }
  }
});
