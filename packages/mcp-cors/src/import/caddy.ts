import { answerAt, type Globals } from './caddy/answer.js';
import { blockOf } from './caddy/directives.js';
import { type Mentions, mentionsOf } from './caddy/mentions.js';
import { type Site, sitesOf } from './caddy/sites.js';
import { type Line, parseCaddyfile, type Word } from './caddy/syntax.js';
import type { Enforced } from './enforced.js';
import { MAX_STEPS } from './expression/match.js';
import { type FormatHole, MAX_PLACES, type Reader, type Reading, type Unread } from './reader.js';
import { SURVEY_HOLES } from './survey/holes.js';
import { type Model, Unfollowed } from './survey/model.js';
import { type Survey, survey } from './survey/survey.js';

/** Reads a Caddyfile. */
export const CADDY_READER: Reader = Object.freeze({
  name: 'caddy',
  title: 'a Caddyfile',
  claim: (file, text) =>
    (/(?:^|\/)Caddyfile|\.caddy(?:file)?$/i.test(file) ? 4 : 0) +
    (/^\s*(?:reverse_proxy|handle_path|handle|header_down|respond)\s[^;]*$/m.test(text) ? 2 : 0),
  refuse: (text) =>
    /^\s*\{\s*"/.test(text.slice(0, 1000))
      ? {
          message: "Caddy's JSON is not read, only Caddyfiles are",
          remedy: 'Give the Caddyfile that it was adapted from.',
        }
      : undefined,
  read,
} satisfies Reader);

function read(text: string): Reading {
  const { lines, unread: faults } = parseCaddyfile(text);
  const unread: Unread[] = [...faults];
  const sites = sitesOf(lines, unread);
  const globals: Globals = { steps: { left: MAX_STEPS }, matchers: new Map(), blocks: new Map() };
  const note = (one: Unread): void => {
    if (
      !unread.some(({ line, column, why }) => line === one.line && column === one.column && why === one.why)
    )
      unread.push(one);
  };
  for (const line of lines) {
    const order =
      line.words[0].text === '' ? line.block?.find(({ words }) => words[0].text === 'order') : undefined;
    if (order !== undefined)
      note({ ...order.words[0].at, text: 'order', why: 'another order of directives is not followed' });
  }
  const places = sites
    .filter(({ lines: inside }) => speaksOfCors(inside))
    .slice(0, MAX_PLACES)
    .flatMap((site) => {
      for (const { text: name, at } of strangeOf(site.lines))
        note({
          ...at,
          text: name.slice(0, 80),
          why: "the directive is not one of Caddy's own, and what it does is not known",
        });
      return placesOf(globals, site, sites).map(({ enforced, holes, unread: more }) => {
        for (const one of more) note(one);
        return { enforced, holes };
      });
    })
    .slice(0, MAX_PLACES);
  return { places, unread };
}

/** Whether lines set CORS headers, however deep. */
function speaksOfCors(lines: readonly Line[]): boolean {
  return lines.some(
    ({ words, block }) =>
      words.some(({ text }) => /access-control-/i.test(text)) || (block !== undefined && speaksOfCors(block)),
  );
}

/** Directives that Caddy does not have by itself, where directives stand. */
function strangeOf(lines: readonly Line[]): readonly Word[] {
  const { strange, directives } = blockOf(lines, new Map(), false);
  const inner = directives.filter(({ name }) => /^(?:route|handle|handle_path)$/.test(name));
  return [...strange, ...inner.flatMap(({ line }) => strangeOf(line.block ?? []))].slice(0, 50);
}

/** What a site enforces: once, or by path where paths differ. */
function placesOf(globals: Globals, site: Site, sites: readonly Site[]): readonly Survey[] {
  const mentions = mentionsOf(site.lines, globals.steps);
  const models = mentions.paths.map((path) => modelOf(globals, site, sites, mentions, path));
  const reached = models.filter(isReached);
  const different = new Map<string, Survey>();
  for (const model of reached.length > 0 ? reached : models.slice(0, 1)) {
    const surveyed = survey(model);
    const key = JSON.stringify({ ...surveyed, enforced: { ...surveyed.enforced, name: '' } });
    if (!different.has(key)) different.set(key, surveyed);
  }
  const surveys = [...different.values()];
  const named = ({ name }: Enforced): string => name.replace(/ \(.*$/, '');
  return surveys.length > 1
    ? surveys
    : surveys.map((one) => ({ ...one, enforced: { ...one.enforced, name: named(one.enforced) } }));
}

function modelOf(
  globals: Globals,
  site: Site,
  sites: readonly Site[],
  mentions: Mentions,
  path: string,
): Model {
  const hostNames = site.addresses.flatMap(({ host }) => host ?? []);
  const addresses = site.addresses.map(({ text }) => text).slice(0, 3);
  return {
    name: `${addresses.join(' ')} (${path})`,
    at: site.at,
    path,
    host: hostNames[0]?.replaceAll('*', 'a') ?? 'localhost',
    answer: (request, server) => answerAt(globals, site, sites, request, server),
    origins: mentions.origins,
    mixed: mentions.mixed,
    hosts: mentions.hosts,
    words: mentions.words,
    hostNames,
    holes: streamHoles(site.lines),
  };
}

/** Whether a request at the path of a model reaches a server, or it cannot be told. */
function isReached({ path, host, answer }: Model): boolean {
  try {
    const headers = { host, 'content-type': 'application/json' };
    return answer({ method: 'POST', path, headers }, { status: 200, headers: [] }).forwarded;
  } catch (thrown) {
    if (!(thrown instanceof Unfollowed)) throw thrown;
    return true;
  }
}

/** Shortest time after which a quiet stream may be cut. */
const LEAST_TIMEOUT_SECONDS = 300;

function streamHoles(lines: readonly Line[]): readonly FormatHole[] {
  return lines.flatMap(({ words, block }): readonly FormatHole[] => {
    const [first, value] = words;
    const seconds = first.text === 'read_timeout' ? secondsOf(value?.text ?? '') : undefined;
    const cut = seconds !== undefined && seconds > 0 && seconds < LEAST_TIMEOUT_SECONDS;
    return [
      ...(cut
        ? [
            {
              id: 'streams-cut',
              ...first.at,
              ...SURVEY_HOLES['streams-cut'],
              subject: `read_timeout ${value?.text}`,
            },
          ]
        : []),
      ...(block === undefined ? [] : streamHoles(block)),
    ];
  });
}

/** A duration of Go: `30s`, `1m30s`. */
function secondsOf(text: string): number | undefined {
  const units: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (units[unit as string] ?? 0),
    0,
  );
}
