import { config } from 'zod';
import type { DemoDescription } from '../src/description.js';
import type { Arrival, Via } from '../src/exchange.js';
import { now } from './clock.js';
import { element } from './element.js';
import { openFeed } from './feed.js';
import {
  JOURNEYS,
  type Journey,
  type JourneyId,
  type JourneyRun,
  type Outcome,
  runJourney,
} from './journeys.js';
import { createBadge, createPanel, type Panel, VIA_TITLES } from './panel.js';
import { createRows, type Row } from './rows.js';
import { createVerdict, type Verdict } from './verdict.js';

/** What the page found, for programs. */
export interface DemoResult {
  readonly role: DemoDescription['role'];
  readonly journeys: readonly JourneyResult[];
}

export interface JourneyResult extends Omit<JourneyRun, 'fetches' | 'outcome'> {
  readonly id: JourneyId;
  readonly via: Via;
  readonly ok: boolean;
  readonly outcome: Outcome | undefined;
  readonly sentence: string;
  readonly arrivals: readonly Arrival[];
  readonly rows: readonly Row[];
}

declare global {
  interface Window {
    demoResult?: DemoResult;
  }
}

interface Lane {
  readonly journey: Journey;
  readonly via: Via;
  readonly panel: Panel;
  readonly summary: HTMLElement;
  run?: JourneyRun | undefined;
  until?: number | undefined;
}

const VIAS: readonly Via[] = ['direct', 'gateway'];
const DRAW_INTERVAL_MS = 40;

// The page's policy forbids eval, and asking the browser whether it may be used counts as a violation.
config({ jitless: true });

const description = (await (await fetch('/demo.json')).json()) as DemoDescription;
const origin = location.origin;
const root = document.documentElement;
const lanes = createLanes();
let drawing: ReturnType<typeof setTimeout> | undefined;

const feed = await openFeed(scheduleDraw);
const button = byId('run');
describeOrigin();
button.addEventListener('click', () => void runAll());
await runAll();

async function runAll(): Promise<void> {
  root.dataset.state = 'running';
  button.setAttribute('disabled', '');
  byId('summary').textContent = 'Running …';
  for (const lane of lanes) {
    lane.run = undefined;
    lane.until = undefined;
  }
  draw();
  // One after the other, so that what arrives at the server belongs to one lane.
  for (const lane of lanes) await runLane(lane);
  finish();
}

async function runLane(lane: Lane): Promise<void> {
  const { mcp, sse } = description.targets[lane.via];
  const run = await runJourney(lane.journey, {
    mcp,
    sse,
    ownServer: description.ownServer,
    onChange: (changed) => {
      lane.run = changed;
      scheduleDraw();
    },
  });
  await feed.quiet(40, 1000);
  lane.run = run;
  lane.until = now();
}

function finish(): void {
  clearTimeout(drawing);
  drawing = undefined;
  const results = draw();
  window.demoResult = { role: description.role, journeys: results };
  byId('summary').textContent = VIAS.map((via) => summarise(via, results)).join(' ');
  button.removeAttribute('disabled');
  root.dataset.state = 'done';
}

function summarise(via: Via, results: readonly JourneyResult[]): string {
  const own = results.filter((result) => result.via === via);
  const working = own.filter(({ ok }) => ok).length;
  const isUnseen =
    description.ownServer && via === 'gateway' && own.every(({ arrivals }) => arrivals.length === 0);
  const suffix = isUnseen ? ', and the server saw nothing' : '';
  const verb = description.role === 'allowed' ? 'work' : 'get in';
  return `${VIA_TITLES[via]}: ${working} of ${own.length} journeys ${verb}${suffix}.`;
}

function scheduleDraw(): void {
  drawing ??= setTimeout(() => {
    drawing = undefined;
    draw();
  }, DRAW_INTERVAL_MS);
}

function draw(): JourneyResult[] {
  return lanes.map((lane) => {
    const { journey, via, run, panel, summary } = lane;
    const rows = run ? createRows(run.fetches, feed.exchanges.values(), via, origin) : [];
    const arrivals = run
      ? feed.arrivals.filter(
          ({ at }) => at >= run.startedAt - 1 && at <= (lane.until ?? Number.POSITIVE_INFINITY),
        )
      : [];
    const verdict = createVerdict(run, rows, via, description);
    panel.update({
      id: `${journey.id}-${via}`,
      journeyTitle: journey.title,
      via,
      description,
      run,
      rows,
      arrivals,
      verdict,
    });
    summary.replaceChildren(createBadge(verdict));
    return resultOf(lane, rows, arrivals, verdict);
  });
}

function resultOf(
  { journey, via, run }: Lane,
  rows: readonly Row[],
  arrivals: readonly Arrival[],
  verdict: Verdict,
) {
  const { fetches: _, ...seen } = run ?? emptyRun();
  const ok = seen.outcome === 'works';
  return {
    ...seen,
    outcome: seen.outcome,
    id: journey.id,
    via,
    ok,
    sentence: verdict.sentence,
    arrivals,
    rows,
  };
}

function emptyRun(): JourneyRun {
  return {
    startedAt: 0,
    streamOpened: false,
    terminated: false,
    tools: [],
    progress: [],
    steps: [],
    fetches: [],
  };
}

function createLanes(): Lane[] {
  const head = element('tr', {}, element('td'));
  const lines = VIAS.map((via) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, VIA_TITLES[via], element('code', {}, description.targets[via].origin)),
    ),
  );
  byId('matrix').replaceChildren(element('thead', {}, head), element('tbody', {}, ...lines));

  return JOURNEYS.flatMap((journey) => {
    head.append(element('th', { scope: 'col' }, journey.title));
    const pair = VIAS.map((via, index): Lane => {
      const summary = element('td');
      lines[index]?.append(summary);
      return { journey, via, panel: createPanel(), summary };
    });
    byId('journeys').append(
      element(
        'section',
        { class: 'journey', 'aria-labelledby': `${journey.id}-heading` },
        element(
          'header',
          {},
          element('h2', { id: `${journey.id}-heading` }, journey.title),
          element('p', {}, journey.summary),
        ),
        element('div', { class: 'pair' }, ...pair.map(({ panel }) => panel.root)),
      ),
    );
    return pair;
  });
}

function describeOrigin(): void {
  const { role, allowedOrigin, foreignOrigin } = description;
  const isAllowed = role === 'allowed';
  root.dataset.role = role;
  document.title = `${isAllowed ? 'Allowed' : 'Foreign'} page · mcp-cors demo`;
  if (!isAllowed) byId('title').textContent = 'A foreign page tries to talk to the same MCP server';
  byId('origin').replaceChildren(
    'This page is ',
    element('code', {}, origin),
    element('span', { class: 'role' }, isAllowed ? 'allowed origin' : 'foreign origin'),
    isAllowed ? 'The policy names it. ' : 'The policy does not name it. ',
    element(
      'a',
      { href: isAllowed ? foreignOrigin : allowedOrigin },
      isAllowed ? 'See a foreign page try the same' : 'See the allowed page do the same',
    ),
  );
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found;
}
