import { type Answer, type Call, type Case, type Hop, hopPath, type PageKind } from './case.js';
import {
  CREDENTIALS,
  EXPOSED,
  LISTS,
  type Line,
  MAX_AGES,
  METHODS,
  ODD_LOCATIONS,
  OK_STATUSES,
  ORIGINS,
  REDIRECTS,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  STATUSES,
  WRONG_HEADERS,
  WRONG_METHODS,
} from './choices.js';
import { createRandom, type Random } from './random.js';

type Init = Call['init'];

/** Makes a case; its seed and index decide all of it. Its id is its index, so that a run's cases have paths of their own. */
export function generateCase(seed: number, index: number): Case {
  const random = createRandom(seed, index);
  const page: PageKind = random.chance(0.8)
    ? 'page'
    : random.pick<PageKind>(['opaque', 'opaque', 'public-granted', 'public-denied']);
  const hopCount = random.chance(0.3) ? 2 + random.integer(2) : 1;
  const start = random.chance(0.12) ? '{page}' : random.pick(['{a}', '{a}', '{b}', '{c}']);
  const url = `${start}${hopPath(index, 0)}`;
  const calls: Call[] = [{ url, init: makeInit(random) }];
  while (calls.length < 4 && random.chance(0.35)) {
    calls.push({
      url,
      init: random.chance(0.5) ? (calls[0]?.init ?? {}) : vary(random, calls[0]?.init ?? {}),
    });
  }
  if (random.chance(0.02)) calls.splice(0, 1, { url: oddUrl(random, index), init: makeInit(random) });
  const hops = Array.from({ length: hopCount }, (_, hop) =>
    makeHop(random, calls, index, hop < hopCount - 1 ? hop + 1 : undefined, hop),
  );
  return { id: index, page, calls, hops };
}

function oddUrl(random: Random, index: number): string {
  const path = hopPath(index, 0);
  return random.pick([
    `ftp://x.localhost${path}`,
    `http://u:p@a.localhost${path}`,
    `http://[${path}`,
    `http://a.site.localhost:6000${path}`,
    `custom://x${path}`,
    `{a}${path}#fragment`,
    `{a}${path}?query#`,
  ]);
}

function makeInit(random: Random): Init {
  const method = random.chance(0.25)
    ? undefined
    : random.chance(0.03)
      ? random.pick(WRONG_METHODS)
      : random.pick(METHODS);
  const headers = makeHeaders(random);
  const bodiless = /^(?:get|head)$/i.test(method ?? 'get');
  return {
    ...(method !== undefined && { method }),
    ...(headers.length > 0 && { headers }),
    ...(random.chance(0.5) && {
      credentials: random.pick(['omit', 'same-origin', 'include', 'include', 'include']),
    }),
    ...(random.chance(0.2) && { mode: random.pick(['cors', 'no-cors', 'no-cors', 'same-origin']) }),
    ...(random.chance(0.2) && { redirect: random.pick(['follow', 'error', 'manual']) }),
    ...(random.chance(bodiless ? 0.02 : 0.4) && { body: 'x' }),
  };
}

function makeHeaders(random: Random): Line[] {
  if (random.chance(0.03)) return nearTheTotal(random);
  const count = random.pick([0, 0, 1, 1, 2, 3, 5]);
  const headers = Array.from({ length: count }, (): Line => {
    if (random.chance(0.02)) return random.pick(WRONG_HEADERS);
    const [name, values] = random.pick(REQUEST_HEADERS);
    return [name, random.pick(values)];
  });
  const [first] = headers;
  if (first !== undefined && random.chance(0.08)) headers.push(first);
  return headers;
}

/** Safelisted values that together are near 1024 bytes. */
function nearTheTotal(random: Random): Line[] {
  const digits = (): string => '1'.repeat(112 + random.integer(17));
  return [
    ...['DPR', 'Device-Memory', 'Width', 'Viewport-Width'].map((name): Line => [name, digits()]),
    ...['Accept', 'Accept-Language', 'Content-Language'].map((name): Line => [name, digits()]),
    ['Content-Type', `text/plain;${digits()}`.slice(0, 128)],
    ...(random.chance(0.7) ? [['Range', 'bytes=0-'] as const] : []),
  ];
}

/** A call that shares most of another's needs, so that the preflight cache counts. */
function vary(random: Random, init: Init): Init {
  return {
    ...init,
    ...(random.chance(0.4) && { credentials: random.pick(['omit', 'same-origin', 'include']) }),
    ...(random.chance(0.3) && { method: random.pick(['PUT', 'DELETE', 'PATCH', 'POST']) }),
    ...(random.chance(0.3) && { headers: [...(init.headers ?? []).slice(1), ...makeHeaders(random)] }),
  };
}

function makeHop(
  random: Random,
  calls: readonly Call[],
  id: number,
  next: number | undefined,
  hop: number,
): Hop {
  const preflights = Array.from({ length: random.chance(0.2) ? 2 : 1 }, () =>
    makePreflight(random, calls, id, hop),
  );
  const actuals = Array.from({ length: random.chance(0.2) ? 2 : 1 }, () => makeActual(random, id, next, hop));
  return { preflights, actuals };
}

function makePreflight(random: Random, calls: readonly Call[], id: number, hop: number): Answer {
  const methods = calls.map(({ init }) => init.method ?? 'GET');
  const names = calls.flatMap(({ init }) => (init.headers ?? []).map(([name]) => name));
  const right = (values: readonly string[]): readonly string[] => [
    [...new Set(values)].filter(isToken).join(', '),
  ];
  const list = (values: readonly string[]): readonly string[] =>
    random.chance(0.85) ? right(values) : random.pick(LISTS)([...new Set(values)].filter(isToken));
  const redirects = random.chance(0.03);
  return {
    status: redirects
      ? random.pick(REDIRECTS)
      : random.chance(0.93)
        ? random.pick(OK_STATUSES)
        : random.pick(STATUSES),
    headers: [
      ...accessHeaders(random, hop),
      ...list(methods.flatMap((method) => [method, method.toUpperCase()])).map(
        (value): Line => ['Access-Control-Allow-Methods', value],
      ),
      ...list(names).map((value): Line => ['Access-Control-Allow-Headers', value]),
      ...(random.chance(0.5) ? [['Access-Control-Max-Age', random.pick(MAX_AGES)] as const] : []),
      ...(random.chance(0.03) ? [['Access-Control-Max-Age', '60'] as const] : []),
      ...(redirects ? [['Location', random.pick([`{b}${hopPath(id, 0)}`, '', 'http://['])] as const] : []),
    ],
  };
}

function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/** `Access-Control-Allow-Origin` and `-Credentials`, right more often than not. */
function accessHeaders(random: Random, hop: number): Line[] {
  const lines: Line[] = [];
  if (!random.chance(0.05)) {
    // Behind a redirect the origin may have become null.
    const right = random.chance(0.1) ? '*' : hop > 0 && random.chance(0.5) ? 'null' : '{origin}';
    lines.push(['Access-Control-Allow-Origin', random.chance(0.87) ? right : random.pick(ORIGINS)]);
    if (random.chance(0.03)) lines.push(['access-control-allow-origin', random.pick(['{origin}', '*', ''])]);
  }
  if (!random.chance(0.15)) {
    lines.push(['Access-Control-Allow-Credentials', random.chance(0.85) ? 'true' : random.pick(CREDENTIALS)]);
    if (random.chance(0.03)) lines.push(['Access-Control-Allow-Credentials', 'true']);
  }
  return lines;
}

function makeActual(random: Random, id: number, next: number | undefined, hop: number): Answer {
  const extra = Array.from({ length: random.integer(4) }, () => random.pick(RESPONSE_HEADERS));
  const exposed = random.chance(0.4) ? random.pick(EXPOSED) : [];
  const headers: Line[] = [
    ...accessHeaders(random, hop),
    ...extra,
    ...exposed.map((value): Line => ['Access-Control-Expose-Headers', value]),
  ];
  if (next !== undefined || random.chance(0.04)) {
    const locations = random.chance(0.15)
      ? random
          .pick(ODD_LOCATIONS)
          .map((text) => text.replaceAll('ID', String(id)).replaceAll('{A}', 'a.site.localhost'))
      : [locationOf(random, id, next ?? 0)];
    return {
      status: random.pick(REDIRECTS),
      headers: [...headers, ...locations.map((value): Line => ['Location', value])],
    };
  }
  return { status: random.chance(0.8) ? random.pick(OK_STATUSES) : random.pick(STATUSES), headers };
}

function locationOf(random: Random, id: number, hop: number): string {
  const path = hopPath(id, hop);
  const origin = random.pick(['', '{a}', '{b}', '{c}', '{page}']);
  const userinfo = random.chance(0.08);
  const fragment = random.chance(0.05) ? '#there' : '';
  return `${userinfo ? origin.replace(/^\{(\w+)\}$/, '{$1@}') : origin}${path}${fragment}`;
}
