import type { DemoDescription } from '../src/description.js';
import type { Via } from '../src/exchange.js';
import type { JourneyRun } from './journeys.js';
import type { Row } from './rows.js';

export interface Verdict {
  readonly tone: 'good' | 'bad' | 'warn' | 'none' | 'busy';
  readonly label: string;
  readonly sentence: string;
}

/** What a run came to, in a word and a sentence. */
export function createVerdict(
  run: JourneyRun | undefined,
  rows: readonly Row[],
  via: Via,
  { role }: DemoDescription,
): Verdict {
  if (run === undefined) return { tone: 'none', label: 'waiting', sentence: 'Not run yet.' };
  const { outcome } = run;
  if (outcome === undefined) return { tone: 'busy', label: 'running', sentence: 'Running …' };
  switch (outcome) {
    case 'works':
      return role === 'foreign'
        ? {
            tone: 'warn',
            label: 'got in',
            sentence:
              via === 'direct'
                ? 'The server lets every page in: this foreign page talked to it and read every answer.'
                : 'A foreign page got through: the policy allows more than it should.',
          }
        : { tone: 'good', label: 'works', sentence: describeSuccess(run) };
    case 'blocked':
      return {
        tone: 'bad',
        label: rows.some(({ refused }) => refused) ? 'refused' : 'blocked',
        sentence: reasonOf(rows) ?? run.error ?? '',
      };
    case 'not-spoken':
      return {
        tone: 'none',
        label: 'not spoken',
        sentence: 'This server does not speak this revision or transport.',
      };
    case 'failed':
      return { tone: 'bad', label: 'failed', sentence: run.error ?? '' };
  }
}

function reasonOf(rows: readonly Row[]): string | undefined {
  return rows.findLast(({ state, type }) => state === 'blocked' && type !== 'preflight')?.reason;
}

function describeSuccess(run: JourneyRun): string {
  const { length: tools } = run.tools;
  return [
    `Spoke ${run.negotiated}`,
    `${tools} ${tools === 1 ? 'tool' : 'tools'} listed`,
    run.streamOpened && 'stream open',
    run.progress.length > 0 && `${run.progress.length} progress events as they happened`,
    run.terminated && 'session ended',
  ]
    .filter((part) => part !== false)
    .join(' · ');
}
