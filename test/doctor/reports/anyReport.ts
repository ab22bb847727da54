import fc from 'fast-check';
import {
  CLIENT_IDS,
  type Finding,
  type Journey,
  type Report,
  type Step,
} from '../../../packages/mcp-cors/src/doctor/report.js';

/** Pieces with which a hostile server would break out of a report, by the form that each is meant for. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '</pre></details><img src=x onerror=alert(1)>',
  '" onmouseover="alert(1)',
  "' autofocus onfocus='alert(1)",
  '<style>*{background:url(//evil.example)}</style>',
  '<meta http-equiv="refresh" content="0;url=//evil.example">',
  '-->',
  ']]>',
  '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
  '&lt;b&gt;&#60;script&#62;',
  '```\n# heading\n```',
  '~~~',
  '[a link](javascript:alert(1))',
  '![a picture](https://evil.example/x.png)',
  '<https://evil.example>',
  '@everyone #1 !1',
  '| a | b |\n|---|---|',
  '\u001b[2J\u001b]0;title\u0007\u001b]8;;https://evil.example\u001b\\',
  '\u009b2J\u009d',
  '\r\nX: y',
  '\b\b\b\u007f',
  '\u0000',
  '\u202e\u2066\u200f',
  '\ud800',
  '\ufffe\uffff',
  '\u2028\u2029',
  '\n  ✗ official-2-legacy  blocked',
  '{{7*7}} <%= 7*7 %>',
] as const;

/** A text as a server could have put it anywhere that its words get into a report. */
export const anyText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 20 }), fc.string()), {
    maxLength: 5,
  })
  .map((parts) => parts.join(''));

const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });

const milliseconds = fc.nat({ max: 100_000 });
const status = fc.integer({ min: 100, max: 599 });
const origin = fc.constantFrom('https://app.example.com', 'http://localhost:3000', 'null');

const anyStep: fc.Arbitrary<Step> = fc.record({
  name: anyText,
  method: fc.constantFrom('GET', 'POST', 'DELETE'),
  url: anyText,
  preflight: orNull(fc.record({ status: orNull(status), fromCache: fc.boolean() })),
  status: orNull(status),
  ok: fc.boolean(),
  corsError: orNull(fc.constantFrom('HeaderDisallowedByPreflightResponse', 'MissingAllowOriginHeader')),
  failedParameter: orNull(anyText),
  console: orNull(anyText),
  chromium: fc.option(
    fc.record({
      blocked: fc.boolean(),
      corsError: orNull(anyText),
      failedParameter: orNull(anyText),
      agrees: fc.boolean(),
    }),
    { nil: undefined },
  ),
  note: orNull(anyText),
  startMs: milliseconds,
  durationMs: milliseconds,
});

const anyJourney: fc.Arbitrary<Journey> = fc.record({
  client: fc.constantFrom(...CLIENT_IDS),
  origin,
  ok: fc.boolean(),
  outcome: fc.constantFrom('reachable', 'fallback', 'loses-session', 'blocked', 'not-offered'),
  revision: orNull(anyText),
  steps: fc.array(anyStep, { maxLength: 4 }),
});

const anyFinding: fc.Arbitrary<Finding> = fc.record({
  id: fc.constantFrom('no-cors', 'errors-without-cors', 'stream-buffered', 'host-not-checked'),
  severity: fc.constantFrom('error', 'warning', 'info'),
  // Titles, reasons and fixes begin with words of our own; a server's may follow.
  title: anyText.map((text) => `A title: ${text}`),
  evidence: anyText,
  why: anyText.map((text) => `Because. ${text}`),
  fix: anyText.map((text) => `Do it. ${text}`),
  origin: fc.option(origin, { nil: undefined }),
});

/** A report about a server that puts what it likes wherever its words are repeated. */
export const anyReport: fc.Arbitrary<Report> = fc.record({
  target: fc.webUrl({ withQueryParameters: true, validSchemes: ['http', 'https'] }),
  origins: fc.uniqueArray(origin, { minLength: 1 }),
  stacks: fc.array(fc.record({ stack: fc.constantFrom('express', 'nginx'), because: anyText }), {
    maxLength: 2,
  }),
  journeys: fc.array(anyJourney, { maxLength: 4 }),
  findings: fc.array(anyFinding, { maxLength: 4 }),
  renderings: fc.array(
    fc.record({
      target: fc.constantFrom('nginx', 'caddy'),
      title: fc.constant('nginx'),
      file: fc.constant('mcp-cors.conf'),
      command: anyText,
      text: anyText,
    }),
    { maxLength: 2 },
  ),
  requests: fc.nat(),
  durationMs: milliseconds,
});
