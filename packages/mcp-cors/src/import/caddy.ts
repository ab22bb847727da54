import { answerAt, type Globals } from './caddy/answer.js';
import { blockOf } from './caddy/directives.js';
import { mentionsOf } from './caddy/mentions.js';
import { type Site, sitesOf } from './caddy/sites.js';
import { type Line, parseCaddyfile, type Word } from './caddy/syntax.js';
import { MAX_STEPS } from './expression/match.js';
import { type Model, Unfollowed } from './model.js';
import { type FormatHole, MAX_PLACES, type Reader, type Reading, type Unread } from './reader.js';
import { survey } from './survey.js';
import { SURVEY_HOLES } from './surveyHoles.js';

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
    .map((site) => {
      for (const { text: name, at } of strangeOf(site.lines))
        note({
          ...at,
          text: name.slice(0, 80),
          why: "the directive is not one of Caddy's own, and what it does is not known",
        });
      const { enforced, holes, unread: more } = survey(modelOf(globals, site, sites));
      for (const one of more) note(one);
      return { enforced, holes };
    });
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

function modelOf(globals: Globals, site: Site, sites: readonly Site[]): Model {
  const mentions = mentionsOf(site.lines, globals.steps);
  const hostNames = site.addresses.flatMap(({ host }) => host ?? []);
  const answer: Model['answer'] = (request, server) => answerAt(globals, site, sites, request, server);
  const host = hostNames[0]?.replace(/\*/g, 'a') ?? 'localhost';
  return {
    name: site.addresses
      .map(({ text }) => text)
      .slice(0, 3)
      .join(' '),
    at: site.at,
    path: pathOf(mentions.paths, host, answer),
    host,
    answer,
    origins: mentions.origins,
    mixed: mentions.mixed,
    hosts: mentions.hosts,
    words: mentions.words,
    hostNames,
    holes: streamHoles(site.lines),
  };
}

/** The path at which a server is reached and pages are answered: of those that the file names the first. */
function pathOf(paths: readonly string[], host: string, answer: Model['answer']): string {
  const kind = (path: string): number => {
    try {
      const headers = { host, origin: 'https://evil.example', 'content-type': 'application/json' };
      const reply = answer({ method: 'POST', path, headers }, { status: 200, headers: [] });
      return reply.forwarded ? (reply.lines.length > 0 ? 0 : 1) : 2;
    } catch (thrown) {
      if (!(thrown instanceof Unfollowed)) throw thrown;
      return 2;
    }
  };
  return (
    [...paths].map((path) => ({ path, rank: kind(path) })).sort((a, b) => a.rank - b.rank)[0]?.path ?? '/mcp'
  );
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
