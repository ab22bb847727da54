import type { Browser } from 'playwright-core';
import type { ProfileName } from '../browser/index.js';
import type { HeaderField } from '../policy/index.js';
import { type AttackOptions, runAttacks } from './attacks/index.js';
import type { SendRaw } from './attacks/prober.js';
import { witness } from './chromium.js';
import { diagnose, diagnoseStandstill, sortFindings } from './diagnose.js';
import { isAllowedSomewhere } from './diagnosis/blocked.js';
import { redactUrl } from './evidence.js';
import { createFixes } from './fixes.js';
import { tryForeignPages } from './foreignPages.js';
import { examineInfrastructure } from './infrastructure/index.js';
import { JOURNEYS } from './journeys/index.js';
import { bodyOf, openPage, type Visit } from './page.js';
import { createPatient } from './patient.js';
import { reach, type Target } from './reach.js';
import type { Confirmation, Finding, Report } from './report.js';
import { scrub, secretsOf } from './scrub.js';
import { byPreflights, recogniseStacks, type Trace } from './stacks.js';
import { survey } from './survey.js';
import type { Observation } from './suspicion.js';
import { createTransport, type Transport } from './transport.js';
import { type Walked, type WalkedStep, walk } from './walk.js';

/** What is asked of the doctor. */
export interface Examination {
  /** The endpoint's URL: http(s), without user name and password. */
  readonly target: string;
  /** Serialised origins of pages, at least one. */
  readonly origins: readonly string[];
  /** The page's own headers, such as Authorization. */
  readonly headers?: readonly HeaderField[];
  /** The browser that pages are in; Chromium by default. */
  readonly profile?: ProfileName | undefined;
  /** Milliseconds for each answer; 10,000 by default. */
  readonly timeoutMs?: number;
  /** Milliseconds for which a silent stream is listened to; not at all by default. */
  readonly idleMs?: number;
  /** Hears of what is being done and how many requests have been sent. */
  readonly onProgress?: (doing: string, requests: number) => void;
  /** Whether the server is attacked as a hostile page would; two harmless trials are made in any case. */
  readonly attack?: boolean;
  /** A real Chromium to ask as well, as `playwright-core` starts it. */
  readonly chromium?: Browser | undefined;
  /** Hears of attacks that ended before their end, and why. */
  readonly onStopped?: (why: string) => void;
}

/**
 * Walks a server as each real client does, from each origin, and says what is wrong.
 * @throws TransportError when nothing answers, NotAnMcpServerError when what answers does not speak MCP.
 */
export async function examine(examination: Examination): Promise<Report> {
  const { timeoutMs, onProgress } = examination;
  let doing = '';
  const transport = createTransport({
    ...(timeoutMs !== undefined && { timeoutMs }),
    onRequest: (_, count) => onProgress?.(doing, count),
  });
  try {
    return await examineOver({
      ...examination,
      transport,
      onStage: (stage) => {
        doing = stage;
        onProgress?.(stage, transport.exchanges.length);
      },
    });
  } finally {
    transport.close();
  }
}

/** An examination over sockets, or over what stands in for them. */
export interface ExaminationOver extends Omit<Examination, 'onProgress' | 'timeoutMs'> {
  readonly transport: Transport;
  /** Sends what HTTP clients refuse to; over a connection of its own by default. */
  readonly sendRaw?: SendRaw;
  /** Hears of everything that is done before it is. */
  readonly onStage: (stage: string) => void;
}

/** {@link examine} over a transport that is there already. */
export async function examineOver(examination: ExaminationOver): Promise<Report> {
  const { target: url, origins, headers = [], transport, onStage, chromium } = examination;
  const started = performance.now();
  onStage('reaching the server');
  const target = await reach(url, transport, headers);
  const observations = await observe(examination, target);
  const traces = [...target.traces, ...observations.flatMap((observation) => tracesOf(observation))];
  const preflights = observations.flatMap((observation) => tracesOf(observation, 'preflight'));
  const stacks = byPreflights(recogniseStacks(traces), preflights);
  const fixes = createFixes(createPatient(stacks, origins, target));
  const allowed = new Set(observations.filter(isAllowedSomewhere).map(({ origin }) => origin));
  const findings = observations.flatMap((observation) =>
    diagnose({ ...observation, othersAllowed: allowed.size > 0 && !allowed.has(observation.origin) }, fixes),
  );
  // What these send beside the transport is counted by them, and so is the rest of what they send.
  let requests = transport.exchanges.length;
  for await (const found of examinations(examination, {
    target,
    origins,
    headers,
    fixes,
    send: transport.send,
  })) {
    requests += found.requests;
    findings.push(...unknownTo(findings, found.findings));
  }
  findings.push(...observations.flatMap((observation) => diagnoseStandstill(observation, findings, fixes)));
  let journeys = observations.flatMap(({ walked }) => walked);
  if (chromium !== undefined) {
    onStage('repeating the journeys in Chromium');
    const before = transport.exchanges.length;
    const { confirmations, requests: repeated } = await witness(chromium, journeys, transport);
    requests += repeated + transport.exchanges.length - before;
    journeys = journeys.map((one) => confirmed(one, confirmations));
  }
  const report: Report = {
    target: redactUrl(url),
    origins,
    stacks,
    journeys: journeys.map(({ journey }) => journey),
    findings: sortFindings(findings),
    renderings: fixes.renderings(),
    requests,
    durationMs: Math.round(performance.now() - started),
  };
  return scrub(report, secretsOf(url, headers, transport.exchanges));
}

/** Walks every journey from every origin, and looks closer from each. */
async function observe(
  { origins, headers = [], profile, transport, onStage }: ExaminationOver,
  target: Target,
): Promise<readonly Observation[]> {
  const { url, tokenAsked, sse, headless, patienceMs } = target;
  // A stream whose head never came to anybody is not waited for to the end once more.
  const hurried: Transport = headless
    ? { ...transport, send: (request, withinMs = patienceMs) => transport.send(request, withinMs) }
    : transport;
  const protocol = await transport.protocolOf(url);
  const observations: Observation[] = [];
  for (const origin of origins) {
    const walked = [];
    for (const plan of JOURNEYS) {
      onStage(`${plan.client} from ${origin}`);
      const page = openPage(origin, hurried, profile);
      walked.push(await walk(plan, page, hurried, url, headers, { tokenAsked, sseOffered: sse }));
    }
    onStage(`a closer look from ${origin}`);
    observations.push({
      origin,
      target,
      walked,
      survey: await survey(target, origin, transport, headers, profile),
      othersAllowed: false,
      protocol,
      ownHeaders: new Set(headers.map(([name]) => name.toLowerCase())),
    });
  }
  return observations;
}

/** What is done beyond the journeys: each with its findings, and how much it sent. */
async function* examinations(
  { attack = false, idleMs = 0, transport, sendRaw, onStage, onStopped }: ExaminationOver,
  patient: AttackOptions,
): AsyncIterable<{ readonly findings: readonly Finding[]; readonly requests: number }> {
  const idle = idleMs > 0 ? `, and at a stream for ${idleMs / 1000} s` : '';
  onStage(`a look at streams, caches and proxies${idle}`);
  yield await examineInfrastructure({ ...patient, idleMs });
  if (!attack) {
    onStage('a foreign host and a foreign origin');
    yield await tryForeignPages(patient, transport.timeoutMs);
    return;
  }
  const attacks = await runAttacks({
    ...patient,
    ...(sendRaw !== undefined && { sendRaw }),
    onStage: (stage) => onStage(`attack: ${stage}`),
  });
  if (attacks.stopped !== undefined) onStopped?.(attacks.stopped);
  yield attacks;
}

/** A journey with what Chromium did at each step. */
function confirmed(walked: Walked, confirmations: ReadonlyMap<WalkedStep, Confirmation>): Walked {
  const steps = walked.steps.map((one) => {
    const chromium = confirmations.get(one);
    return chromium === undefined ? one.step : { ...one.step, chromium };
  });
  return { ...walked, journey: { ...walked.journey, steps } };
}

/** Findings that were not made before: two examinations may come upon the same fault. */
function unknownTo(known: readonly Finding[], found: readonly Finding[]): readonly Finding[] {
  return found.filter(
    ({ id, origin }) =>
      !known.some((one) => one.id === id && (one.origin === origin || origin === undefined)),
  );
}

/** What may tell what made it: every answer, or those of preflights that passed alone. */
function tracesOf(
  { walked, survey: { first, errors, lostSession } }: Observation,
  kind?: 'preflight',
): Trace[] {
  const visits: readonly Visit[] = walked.flatMap(({ steps }) => steps.map(({ visit }) => visit));
  const exchanges = visits.flatMap((visit) => visit.exchanges);
  const responses =
    kind === 'preflight'
      ? exchanges
          .filter(({ request, response }) => request.kind === kind && response?.status === 204)
          .map(({ response }) => response)
      : [
          ...exchanges.map(({ response }) => response),
          ...[first, lostSession, ...errors].map((probe) => probe?.response),
        ];
  return responses.flatMap((response) =>
    response === undefined
      ? []
      : [{ headers: response.headers, body: (bodyOf(response)?.soFar ?? '').slice(0, 2000) }],
  );
}
