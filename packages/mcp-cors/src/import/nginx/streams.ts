import type { FormatHole } from '../reader.js';
import { SURVEY_HOLES, type SurveyHoleId } from '../survey/holes.js';
import type { Position } from '../survey/position.js';
import { type Chain, inForce, type Level, setting } from './levels.js';

/** Shortest read timeout under which quiet streams are left alone. */
const LEAST_TIMEOUT_SECONDS = 300;
const UNITS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
};

/** What a proxied location does to event streams, and to what stands further out. */
export function streamHoles(chain: Chain): readonly FormatHole[] {
  const location = (chain.at(-1) as Level).at;
  const hole = (id: SurveyHoleId, at: Position | undefined, subject?: string): FormatHole => ({
    id,
    ...(at ?? location),
    ...SURVEY_HOLES[id],
    subject,
  });
  const holes: FormatHole[] = [];
  if (inForce(chain, 'proxy_pass').length > 0) {
    const buffering = setting(chain, 'proxy_buffering');
    const buffers = buffering?.text !== 'off';
    const version = setting(chain, 'proxy_http_version');
    const modern = version?.text === '1.1';
    // Seen on nginx 1.22: what comes in chunks is passed on at once, unless it is compressed.
    if (buffers) holes.push(hole(modern ? 'streams-may-be-buffered' : 'streams-buffered', buffering?.at));
    const gzip = setting(chain, 'gzip');
    const types = inForce(chain, 'gzip_types').flatMap(({ args }) =>
      args.map(({ text }) => text.toLowerCase()),
    );
    if (buffers && gzip?.text === 'on' && types.some((type) => type === '*' || type === 'text/event-stream'))
      holes.push(hole('streams-compressed', inForce(chain, 'gzip_types')[0]?.at));
    const timeout = setting(chain, 'proxy_read_timeout');
    const seconds = timeout === undefined ? 60 : secondsOf(timeout.text);
    if (seconds !== undefined && seconds < LEAST_TIMEOUT_SECONDS)
      holes.push(
        hole('streams-cut', timeout?.at, `proxy_read_timeout ${timeout?.text ?? '60s, the default'}`),
      );
    const connection = inForce(chain, 'proxy_set_header').find(
      ({ args }) => args[0]?.text.toLowerCase() === 'connection',
    );
    const value = connection?.args[1]?.text ?? 'close';
    if (!modern) holes.push(hole('upstream-http-1.0', version?.at));
    else if (/^close$/i.test(value)) holes.push(hole('upstream-http-1.0', connection?.at ?? version.at));
  }
  return holes;
}

/** A time of nginx: `90`, `1h30m`. */
function secondsOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(?:\d+(?:ms|[smhdwMy])\s*)+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|[smhdwMy])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit as string] ?? 0),
    0,
  );
}

const CORS_HEADER = /^access-control-/i;

/** A level whose own `add_header` hides the CORS headers further out. */
export function hiddenHeaders(chain: Chain): readonly FormatHole[] {
  const sets = (level: Level): boolean =>
    (level.byName.get('add_header') ?? []).some(({ args }) => CORS_HEADER.test(args[0]?.text ?? ''));
  const own = (chain.at(-1) as Level).byName.get('add_header');
  const outer = chain
    .slice(0, -1)
    .filter((level) => level.byName.has('add_header'))
    .at(-1);
  if (own === undefined || outer === undefined || !sets(outer) || sets(chain.at(-1) as Level)) return [];
  return [
    { id: 'headers-inherited-away', ...(own[0]?.at ?? outer.at), ...SURVEY_HOLES['headers-inherited-away'] },
  ];
}
