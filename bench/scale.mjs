// Does a decision's cost depend on the size of the allowlist, and does it leave garbage behind?
//
// Each row asks for 64 origins spread over the list, in turn, with texts of their own as a server would have them. The limit:
// beyond some thousands of origins the list no longer fits the processor's caches; a server under load sees the same.
import { createDirectory, createPolicy, createSnapshot } from 'mcp-cors';
import { printTable } from './table.mjs';
import { bytesPerCall, megabytesOf, nanosecondsPerCall } from './timing.mjs';

const SAMPLES = 64; // a power of two
const LIST =
  'accept,authorization,content-type,last-event-id,mcp-method,mcp-name,mcp-param-city,mcp-protocol-version,mcp-session-id';

const exactOrigin = (i) => `https://app${i}.example.com`;
const fresh = (text) => Buffer.from(text).toString('latin1'); // a text of its own, with nothing computed yet

const post = (origin) => ({
  method: 'POST',
  path: '/mcp',
  host: 'localhost:3000',
  origin,
  contentType: 'application/json',
  loopback: true,
});
const preflight = (origin, requestHeaders = LIST) => ({
  method: 'OPTIONS',
  path: '/mcp',
  host: 'localhost:3000',
  origin,
  requestMethod: 'POST',
  requestHeaders,
  loopback: true,
});

function samplesOf(count, originAt) {
  return Array.from({ length: SAMPLES }, (_, i) => fresh(originAt(Math.floor((i * count) / SAMPLES))));
}

const CONFIGURATIONS = [
  ['1 exact', 1, exactOrigin, (n) => ({ origins: range(n, exactOrigin) })],
  ['1,000 exact', 1_000, exactOrigin, (n) => ({ origins: range(n, exactOrigin) })],
  ['1,000,000 exact', 1_000_000, exactOrigin, (n) => ({ origins: range(n, exactOrigin) })],
  [
    '1 wildcard',
    1,
    (i) => `https://a.b.t${i}.example.com`,
    (n) => ({ origins: range(n, (i) => `https://*.t${i}.example.com`) }),
  ],
  [
    '10,000 wildcards',
    10_000,
    (i) => `https://a.b.t${i}.example.com`,
    (n) => ({ origins: range(n, (i) => `https://*.t${i}.example.com`) }),
  ],
  ['snapshot of 1', 1, exactOrigin, (n) => ({ origins: createSnapshot(range(n, exactOrigin)) })],
  ['snapshot of 1,000', 1_000, exactOrigin, (n) => ({ origins: createSnapshot(range(n, exactOrigin)) })],
  [
    'snapshot of 1,000,000',
    1_000_000,
    exactOrigin,
    (n) => ({ origins: createSnapshot(range(n, exactOrigin)) }),
  ],
  [
    'directory, remembered',
    10_000,
    exactOrigin,
    () => ({ origins: createDirectory({ lookup: () => true }) }),
  ],
];

function range(count, at) {
  return Array.from({ length: count }, (_, i) => at(i));
}

// All policies are held at once and take turns, so that a machine whose speed drifts slows them all alike.
const rows = [];
const built = [];
for (const [title, count, originAt, configure] of CONFIGURATIONS) {
  const started = performance.now();
  const { value: policy, megabytes } = megabytesOf(() => createPolicy(configure(count)));
  const buildMs = performance.now() - started;
  const posts = samplesOf(count, originAt).map(post);
  const preflights = samplesOf(count, originAt).map((origin) => preflight(origin, fresh(LIST)));
  for (const head of posts) await policy.decide(head); // directories ask now and remember
  for (const head of [...posts, ...preflights]) {
    const decision = policy.decide(head);
    if (decision.outcome === 'deny' || decision instanceof Promise)
      throw new Error(`${title} refuses ${head.origin}`);
  }
  built.push({ title, policy, posts, preflights, megabytes, buildMs });
}
const inTurn = (heads) =>
  nanosecondsPerCall(
    Object.fromEntries(
      built.map(({ title, policy, [heads]: list }) => [title, (i) => policy.decide(list[i & (SAMPLES - 1)])]),
    ),
  );
const postNs = inTurn('posts');
const preflightNs = inTurn('preflights');
const [first] = CONFIGURATIONS[0];
for (const { title, policy, posts, megabytes, buildMs } of built) {
  rows.push([
    title,
    `${postNs[title].toFixed(0)} (${(postNs[title] / postNs[first]).toFixed(2)})`,
    `${preflightNs[title].toFixed(0)} (${(preflightNs[title] / preflightNs[first]).toFixed(2)})`,
    bytesPerCall((i) => policy.decide(posts[i & (SAMPLES - 1)])).toFixed(1),
    megabytes.toFixed(megabytes < 10 ? 2 : 0),
    buildMs.toFixed(0),
  ]);
}
printTable(
  'The size of the allowlist: ns per decision, in brackets times that of one exact origin',
  ['', 'allowed POST', 'allowed preflight', 'bytes left per POST', 'MB held', 'ms to build'],
  rows,
);

const policy = createPolicy({ origins: range(100, exactOrigin) });
const HOSTILE = [
  ['allowed, 9 headers', preflight(exactOrigin(1))],
  ['foreign origin', preflight('https://evil.example')],
  ['foreign origin of 64 kB', preflight(`https://${'a'.repeat(65_536)}.example`)],
  ['100 kB: one long name', preflight(exactOrigin(1), 'a'.repeat(100_000))],
  ['100 kB: allowed names over and over', preflight(exactOrigin(1), 'accept,'.repeat(14_286))],
  ['100 kB: unknown names', preflight(exactOrigin(1), 'x-a,'.repeat(25_000))],
  ['100 kB: commas', preflight(exactOrigin(1), ','.repeat(100_000))],
  ['16 kB: mcp-param-*, over and over', preflight(exactOrigin(1), 'mcp-param-a,'.repeat(1_365))],
  ['128 mcp-param-* that differ', preflight(exactOrigin(1), range(128, (i) => `mcp-param-${i}`).join())],
];
const figures = nanosecondsPerCall(
  Object.fromEntries(HOSTILE.map(([title, head]) => [title, () => policy.decide(head)])),
);

printTable(
  'Hostile preflights: ns per decision',
  ['', 'ns', 'outcome'],
  HOSTILE.map(([title, head]) => [title, figures[title].toFixed(0), policy.decide(head).reason]),
);
