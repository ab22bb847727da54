import type { Browser } from 'playwright-core';
import type { HeaderField } from '../policy/index.js';
import { runAttacks } from './attacks/index.js';
import { witness } from './chromium.js';
import { diagnose, sortFindings } from './diagnose.js';
import { isAllowedSomewhere } from './diagnosis/blocked.js';
import { redactUrl } from './evidence.js';
import { examineInfrastructure } from './infrastructure/index.js';
import { JOURNEYS } from './journeys/index.js';
import { bodyOf, openPage, type Visit } from './page.js';
import { reach } from './reach.js';
import { tryRebinding } from './rebinding.js';
import type { Confirmation, Finding, Report } from './report.js';
import { scrub, secretsOf } from './scrub.js';
import { recogniseStacks, type Trace } from './stacks.js';
import { EMPTY_SURVEY, survey } from './survey.js';
import type { Observation } from './suspicion.js';
import { createTransport } from './transport.js';
import { type Walked, type WalkedStep, walk } from './walk.js';

/** What is asked of the doctor. */
export interface Examination {
  /** The endpoint's URL: http(s), without user name and password. */
  readonly target: string;
  /** Serialised origins of pages, at least one. */
  readonly origins: readonly string[];
  /** The page's own headers, such as Authorization. */
  readonly headers?: readonly HeaderField[];
  /** Milliseconds for each answer; 10,000 by default. */
  readonly timeoutMs?: number;
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
  const {
    target: url,
    origins,
    headers = [],
    timeoutMs,
    onProgress,
    attack = false,
    onStopped,
    chromium,
  } = examination;
  const started = performance.now();
  let doing = 'reaching the server';
  const transport = createTransport({
    ...(timeoutMs !== undefined && { timeoutMs }),
    onRequest: (_, count) => onProgress?.(doing, count),
  });
  try {
    const target = await reach(url, transport, headers);
    const observations: Observation[] = [];
    for (const origin of origins) {
      const walked = [];
      for (const plan of JOURNEYS) {
        doing = `${plan.client} from ${origin}`;
        const page = openPage(origin, transport);
        walked.push(await walk(plan, page, transport, url, headers, { tokenAsked: target.tokenAsked }));
      }
      doing = `a closer look from ${origin}`;
      observations.push({
        origin,
        target,
        walked,
        survey: target.streamable ? await survey(target, origin, transport, headers) : EMPTY_SURVEY,
        othersAllowed: false,
        ownHeaders: new Set(headers.map(([name]) => name.toLowerCase())),
      });
    }
    const stacks = recogniseStacks([...target.traces, ...observations.flatMap(tracesOf)]);
    const allowed = new Set(observations.filter(isAllowedSomewhere).map(({ origin }) => origin));
    const findings = observations.flatMap((observation) =>
      diagnose(
        { ...observation, othersAllowed: allowed.size > 0 && !allowed.has(observation.origin) },
        stacks,
        origins,
      ),
    );
    // What these send beside the transport is counted by them, and so is the rest of what they send.
    let requests = transport.exchanges.length;
    const patient = { target, origins, headers, stacks, send: transport.send };
    doing = 'looking at streams, caches and proxies';
    const infrastructure = await examineInfrastructure(patient);
    requests += infrastructure.requests;
    findings.push(...unknownTo(findings, infrastructure.findings));
    if (attack) {
      doing = 'attacking';
      const attacks = await runAttacks(patient);
      requests += attacks.requests;
      findings.push(...unknownTo(findings, attacks.findings));
      if (attacks.stopped !== undefined) onStopped?.(attacks.stopped);
    } else {
      doing = 'trying a foreign host and a foreign origin';
      const before = transport.exchanges.length;
      findings.push(...(await tryRebinding(target, transport, headers, stacks, origins)));
      requests += transport.exchanges.length - before;
    }
    let journeys = observations.flatMap(({ walked }) => walked);
    if (chromium !== undefined) {
      doing = 'repeating the journeys in Chromium';
      onProgress?.(doing, requests);
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
      requests,
      durationMs: Math.round(performance.now() - started),
    };
    return scrub(report, secretsOf(url, headers, transport.exchanges));
  } finally {
    transport.close();
  }
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

function tracesOf({ walked, survey: { initialize, errors, lostSession } }: Observation): Trace[] {
  const visits: readonly Visit[] = walked.flatMap(({ steps }) => steps.map(({ visit }) => visit));
  const responses = [
    ...visits.flatMap(({ exchanges }) => exchanges.map(({ response }) => response)),
    ...[initialize, lostSession, ...errors].map((probe) => probe?.response),
  ];
  return responses.flatMap((response) =>
    response === undefined
      ? []
      : [{ headers: response.headers, body: (bodyOf(response)?.soFar ?? '').slice(0, 2000) }],
  );
}
