import type { DemoDescription } from '../src/description.js';
import type { Arrival, Via } from '../src/exchange.js';
import { element } from './element.js';
import { createHeaderLists } from './headerLists.js';
import type { JourneyRun } from './journeys.js';
import type { Row } from './rows.js';
import type { Verdict } from './verdict.js';

export interface PanelContent {
  readonly id: string;
  readonly journeyTitle: string;
  readonly via: Via;
  readonly description: DemoDescription;
  readonly run: JourneyRun | undefined;
  readonly rows: readonly Row[];
  readonly arrivals: readonly Arrival[];
  readonly verdict: Verdict;
}

export interface Panel {
  readonly root: HTMLElement;
  update(content: PanelContent): void;
}

export const VIA_TITLES: Readonly<Record<Via, string>> = {
  direct: 'Direct to the server',
  gateway: 'Through mcp-cors',
};

const CACHED = 'preflight remembered by the browser';

const BODILESS: Readonly<Record<string, string>> = { GET: 'open stream', DELETE: 'end session' };

const COLUMNS = ['Request', 'Type', 'Status', 'Time', 'Waterfall'];

/** One journey on one way, as a Network panel shows it. */
export function createPanel(): Panel {
  const root = element('article', { class: 'panel' });
  const toggled = new Map<string, boolean>();
  let latest: PanelContent | undefined;

  root.addEventListener('click', ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLButtonElement>('button[data-row]') : null;
    if (!button?.dataset.row || !latest) return;
    toggled.set(button.dataset.row, button.getAttribute('aria-expanded') !== 'true');
    draw(latest);
  });

  function draw(content: PanelContent): void {
    const focused = root.contains(document.activeElement) ? document.activeElement?.id : undefined;
    root.dataset.tone = content.verdict.tone;
    root.dataset.via = content.via;
    root.setAttribute('aria-labelledby', `${content.id}-title`);
    root.replaceChildren(
      ...[
        createHeading(content),
        element('p', { class: 'sentence' }, content.verdict.sentence),
        content.rows.length > 0 ? createTable(content, toggled) : undefined,
        createProgress(content.run),
        createFooter(content),
      ].filter((part) => part !== undefined),
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  return {
    root,
    update(content) {
      if (content.run !== latest?.run) toggled.clear();
      latest = content;
      draw(content);
    },
  };
}

export function createBadge({ tone, label }: Verdict): HTMLElement {
  return element('span', { class: 'badge', 'data-tone': tone }, label);
}

function createHeading({ id, via, run, verdict }: PanelContent): HTMLElement {
  const total = run?.endedAt === undefined ? undefined : formatMs(run.endedAt - run.startedAt);
  return element(
    'header',
    {},
    element('h3', { id: `${id}-title` }, VIA_TITLES[via]),
    createBadge(verdict),
    element('span', { class: 'total' }, total),
  );
}

function createTable(content: PanelContent, toggled: ReadonlyMap<string, boolean>): HTMLElement {
  const { journeyTitle, via, rows, run, id } = content;
  const start = run?.startedAt ?? 0;
  const end = Math.max(
    run?.endedAt ?? 0,
    ...rows.map(({ startedAt, endedAt }) => endedAt ?? startedAt),
    start + 1,
  );
  const body = element('tbody');
  for (const row of rows) {
    const expanded = toggled.get(row.key) ?? isTelling(row, content);
    const detailId = `${id}-${row.key}-detail`;
    body.append(createRow(row, { expanded, detailId, start, end }));
    if (expanded) {
      const cell = element('td', { colspan: String(COLUMNS.length) });
      if (row.reason !== '' && !content.verdict.sentence.startsWith(row.reason)) {
        cell.append(element('p', { class: 'reason' }, row.reason));
      }
      cell.append(createHeaderLists(row));
      body.append(element('tr', { class: 'detail', id: detailId }, cell));
    }
  }
  return element(
    'table',
    {},
    element(
      'caption',
      { class: 'hidden' },
      `${journeyTitle}, ${VIA_TITLES[via].toLowerCase()}: every exchange in order`,
    ),
    element('thead', {}, element('tr', {}, ...COLUMNS.map((name) => element('th', { scope: 'col' }, name)))),
    body,
  );
}

/**
 * The rows that tell the story are open from the start: what was blocked; and of what mcp-cors lets through the first
 * preflight of all, and the first answer with a session id that the page can read.
 */
function isTelling(row: Row, { rows, via }: PanelContent): boolean {
  const blocked = rows.find(({ state, recorded }) => state === 'blocked' && recorded);
  if (blocked) return row === blocked;
  if (via === 'direct') return false;
  const isFirstPanel = rows.some(({ requestHeaders }) => 'mcp-method' in requestHeaders);
  if (isFirstPanel && row === rows[0]) return row.type === 'preflight';
  return row === rows.find(({ readable }) => 'mcp-session-id' in readable);
}

interface RowPlace {
  readonly expanded: boolean;
  readonly detailId: string;
  readonly start: number;
  readonly end: number;
}

function createRow(row: Row, { expanded, detailId, start, end }: RowPlace): HTMLElement {
  const duration = row.endedAt === undefined ? undefined : row.endedAt - row.startedAt;
  const button = element(
    'button',
    {
      type: 'button',
      id: `${detailId}-button`,
      'data-row': row.key,
      'aria-expanded': String(expanded),
      'aria-controls': expanded ? detailId : undefined,
      title: `${row.method} ${row.path}`,
    },
    element('span', { class: 'method' }, row.method),
    element('span', { class: 'path' }, row.path),
    element('span', { class: 'message' }, row.message ?? BODILESS[row.method]),
  );
  const type = element('td', { class: 'type' }, row.type);
  if (row.fromCache) {
    type.append(
      element('span', { class: 'cached', title: CACHED, 'aria-hidden': 'true' }, '↺'),
      element('span', { class: 'hidden' }, CACHED),
    );
  }
  return element(
    'tr',
    {
      'data-state': row.state === 'ok' && (row.status ?? 0) >= 400 ? 'error' : row.state,
      'data-type': row.type,
    },
    element('th', { scope: 'row' }, button),
    type,
    element('td', { class: 'status' }, statusOf(row)),
    element('td', { class: 'time' }, duration === undefined ? 'open' : formatMs(duration)),
    createBar(row, start, end),
  );
}

function statusOf({ state, status, type }: Row): string {
  if (type === 'preflight') return String(status);
  if (state === 'blocked') return 'blocked';
  return status === undefined ? '…' : String(status);
}

function createBar({ startedAt, endedAt, events, type }: Row, start: number, end: number): HTMLElement {
  const percent = (at: number) => Math.min(100, Math.max(0, ((at - start) / (end - start)) * 100));
  const bar = element('span', { class: 'bar' });
  const left = percent(startedAt);
  bar.style.left = `${left}%`;
  bar.style.width = `${percent(endedAt ?? end) - left}%`;
  const track = element('span', { class: 'track' }, bar);
  if (type === 'stream') {
    for (const at of events) {
      const mark = element('span', { class: 'mark' });
      mark.style.left = `${percent(at)}%`;
      track.append(mark);
    }
  }
  const label = `starts after ${formatMs(startedAt - start)}${events.length > 0 ? `, ${events.length} events` : ''}`;
  return element('td', { class: 'waterfall', title: label }, track);
}

function createProgress(run: JourneyRun | undefined): HTMLElement | undefined {
  if (!run || run.progress.length === 0) return undefined;
  const call = run.fetches.find(({ message }) => message === 'tools/call count');
  return element(
    'div',
    { class: 'progress' },
    element('span', {}, 'Progress of count, as it arrived'),
    element(
      'ol',
      {},
      ...run.progress.map(({ progress, total, at }) =>
        element(
          'li',
          {},
          element('b', {}, `${progress}/${total ?? '?'}`),
          ` +${formatMs(at - (call?.startedAt ?? run.startedAt))}`,
        ),
      ),
    ),
  );
}

function createFooter({ run, rows, arrivals, description }: PanelContent): HTMLElement | undefined {
  if (run?.endedAt === undefined) return undefined;
  const footer = element('footer');
  if (description.ownServer) footer.append(createArrivals(arrivals));
  if (rows.some(({ fromCache }) => fromCache))
    footer.append(element('span', { 'aria-hidden': 'true' }, `↺ ${CACHED}`));
  return footer.hasChildNodes() ? footer : undefined;
}

function createArrivals(arrivals: readonly Arrival[]): HTMLElement {
  const counts = new Map<string, number>();
  for (const { method } of arrivals) counts.set(method, (counts.get(method) ?? 0) + 1);
  const parts = [...counts].map(([method, count]) => `${count} ${method}`);
  return element(
    'span',
    { class: 'arrivals', 'data-count': String(arrivals.length) },
    parts.length === 0 ? 'The server saw nothing at all.' : `The server saw ${parts.join(', ')}.`,
  );
}

export function formatMs(ms: number): string {
  if (ms < 10) return `${Math.max(0, ms).toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
