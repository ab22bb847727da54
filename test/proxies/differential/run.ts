import { createPolicy, type Decision, type RequestHead, type StaticPolicyConfig } from 'mcp-cors';
import { limitsOf } from 'mcp-cors/render';
import type { Line } from '../../carriers/vectors.js';
import { exchange, parseResponse, type WireResponse } from '../../carriers/wire.js';
import { serveSites } from '../proxies.js';
import { startBehind } from './answers.js';
import { judge, type Meaning, type Sent, type Verdict } from './oracle.js';
import { CASES } from './policies.js';
import { createChance, nextRequest } from './requests.js';

/** How many requests are under way at once. */
const AT_ONCE = 12;

/** A request on which a server and the policy differ. */
export interface Difference {
  readonly what: string;
  readonly site: number;
  readonly sent: Sent;
  readonly answer: WireResponse | string;
  readonly arrived: string | undefined;
  readonly reason: string;
}

export interface Outcome {
  readonly shown: number;
  readonly reached: number;
  readonly read: number;
  readonly preflights: number;
  /** Where the server does more than it may. */
  readonly open: readonly Difference[];
  /** Where it does less than the library. */
  readonly stricter: readonly Difference[];
}

/** Shows requests near what the policies admit to the real server of a target, and judges what comes of each. */
export async function runDifferential(target: string, seed: number, count: number): Promise<Outcome> {
  const limits = limitsOf(target, CASES[0]?.config as StaticPolicyConfig).map(({ id }) => id);
  const behind = await startBehind(!limits.includes('interim-responses'));
  const { arrived } = behind;
  const url = `http://127.0.0.1:${behind.port}`;
  const { portOf, started } = await serveSites(
    target,
    CASES.map(({ config }) => ({ policy: config, upstream: url })),
  );
  const policies = CASES.map(({ config }) => createPolicy(config));
  const chance = createChance(seed);
  const open: Difference[] = [];
  const stricter: Difference[] = [];
  const totals = { reached: 0, read: 0, preflights: 0 };
  let shown = 0;
  const work = async (): Promise<void> => {
    while (shown < count) {
      const n = shown++;
      const site = n % CASES.length;
      const meaning = CASES[site] as (typeof CASES)[number];
      const port = portOf(site);
      const sent = nextRequest(chance, meaning, port);
      const answer = await exchange(port, sent.method, sent.target, [...sent.lines, ['X-Case', String(n)]])
        .then(withoutInterim)
        .catch((error: Error) => error.message);
      const counted = { ...sent, lines: countedBy(limits, sent.lines) };
      const decision = policies[site]?.decide(headOf(counted)) as Decision;
      const seen = arrived.get(n);
      const differ = (into: Difference[], what: string): void => {
        into.push({ what, site, sent, answer, arrived: seen, reason: decision.reason });
      };
      for (const what of faults(meaning, judge(meaning, counted), answer, seen)) differ(open, what);
      if (decision.outcome === 'deny' && seen !== undefined)
        differ(open, 'reaches, which the library refuses');
      if (decision.outcome === 'pass' && seen === undefined) differ(stricter, 'does not reach');
      if (typeof answer === 'string') continue;
      const preflight = valuesOf(answer, 'access-control-max-age').length > 0;
      if (decision.outcome === 'preflight' && !preflight) differ(stricter, 'preflight refused');
      if (seen !== undefined) totals.reached++;
      if (valuesOf(answer, 'access-control-allow-origin').length > 0) totals.read++;
      if (preflight) totals.preflights++;
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    await started.stop();
    await behind.close();
  }
  return { shown, ...totals, open, stricter };
}

/** The lines that count for a target: its limits say that it disregards some, none of which a browser sends. */
function countedBy(limits: readonly string[], lines: readonly Line[]): readonly Line[] {
  const is = (limit: string): boolean => limits.includes(limit);
  return lines.filter(([name, value], i) => {
    const lower = name.toLowerCase();
    const first = lines.findIndex((line) => line[0].toLowerCase() === lower);
    if (lower === 'host')
      return first === i || !(is('repeated-host') && bare(value) === bare(lines[first]?.[1] ?? ''));
    if (is('empty-lines') && /^[ \t]*$/.test(value)) return false;
    return first === i || !is('repeated-lines');
  });
}

function bare(host: string): string {
  return host.replaceAll(/^[ \t]+|[ \t]+$/g, '').toLowerCase();
}

/** The response itself, behind those that come before it. */
function withoutInterim(response: WireResponse): WireResponse {
  return response.status < 200
    ? withoutInterim(parseResponse(Buffer.from(response.body, 'latin1')))
    : response;
}

/** What an answer does that it may not. */
function* faults(
  { config }: Meaning,
  may: Verdict,
  answer: WireResponse | string,
  arrived: string | undefined,
): Generator<string> {
  if (arrived !== undefined && !may.mayReach) yield 'reaches';
  if (typeof answer === 'string') return;
  const origins = valuesOf(answer, 'access-control-allow-origin');
  if (origins.length > 1) yield 'Allow-Origin twice';
  if (origins.length > 0 && origins[0] !== may.mayRead) yield `Allow-Origin ${origins[0]}`;
  if (arrived !== undefined && may.mayReach && origins[0] !== may.mayRead) yield 'unreadable';
  const credentials = valuesOf(answer, 'access-control-allow-credentials');
  if (credentials.length > (origins.length > 0 && config.credentials === true ? 1 : 0))
    yield 'Allow-Credentials';
  if (/x-secret|\*/.test(valuesOf(answer, 'access-control-expose-headers').join()))
    yield 'Expose-Headers of the server';
  if (valuesOf(answer, 'access-control-max-age').length > 0 && !may.mayPreflight) yield 'preflight';
  const debugging = config.debug === true && answer.status === 204 && may.mayRead !== undefined;
  for (const name of ['methods', 'headers']) {
    const values = valuesOf(answer, `access-control-allow-${name}`);
    if (values.length > 0 && !may.mayPreflight && !debugging) yield `Allow-${name}`;
    if (values.length > 1) yield `Allow-${name} twice`;
  }
  if (valuesOf(answer, 'access-control-allow-private-network').length > 0) yield 'Allow-Private-Network';
  const vary = valuesOf(answer, 'vary').join();
  if (origins.length > 0 && origins[0] !== '*' && !/(?:^|,)[ \t]*(?:origin|\*)[ \t]*(?:,|$)/i.test(vary))
    yield 'Vary';
  if (
    arrived !== undefined &&
    config.origins !== '*' &&
    !/(?:^|,)[ \t]*(?:origin|\*)[ \t]*(?:,|$)/i.test(vary)
  )
    yield 'no Vary';
}

function valuesOf({ lines }: WireResponse, name: string): readonly string[] {
  return lines.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
}

/** The head that the library is shown: values without white space around them, repeated lines joined. */
function headOf({ method, target, lines }: Sent): RequestHead {
  const value = (wanted: string): string | undefined => {
    const values = lines.filter(([name]) => name.toLowerCase() === wanted);
    return values.length === 0
      ? undefined
      : values.map(([, one]) => one.replaceAll(/^[ \t]+|[ \t]+$/g, '')).join(', ');
  };
  return {
    method,
    path: target.replace(/\?.*$/s, ''),
    host: value('host'),
    origin: value('origin'),
    requestMethod: value('access-control-request-method'),
    requestHeaders: value('access-control-request-headers'),
    contentType: value('content-type'),
    fetchSite: value('sec-fetch-site'),
    fetchDest: value('sec-fetch-dest'),
    loopback: true,
  } as RequestHead;
}
