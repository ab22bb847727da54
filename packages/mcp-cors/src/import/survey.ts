import { REVISION_NEEDS, REVISIONS, SAFELISTED_METHODS } from '../policy/index.js';
import { parseOrigin } from '../policy/origin.js';
import { type Candidate, candidatesOf, hostCandidatesOf } from './candidates.js';
import type { Conduct, Enforced, EnforcedOrigin, EnforcedPart } from './enforced.js';
import { lookAlikesOf } from './lookAlikes.js';
import {
  type HeaderLine,
  type Model,
  type ModelReply,
  type ModelRequest,
  type ServerReply,
  Unfollowed,
} from './model.js';
import type { Position } from './position.js';
import type { FormatHole, Unread } from './reader.js';
import { SURVEY_HOLES, type SurveyHoleId } from './surveyHoles.js';

/** What came out of asking. */
export interface Survey {
  readonly enforced: Enforced;
  readonly holes: readonly FormatHole[];
  readonly unread: readonly Unread[];
}

/** Pages that nobody names. */
const EVIL = 'https://evil.example';
const OTHER_EVIL = 'http://attacker.test:8080';
const EVIL_HOST = 'evil.example';
const OK: ServerReply = { status: 200, headers: [] };
/** A header and a method that no revision has, and an end for prefixes. */
const UNLISTED = 'x-probe-unlisted';
const UNLISTED_METHOD = 'XPROBE';
const ERRORS: readonly ServerReply[] = [401, 404, 500].map((status) => ({ status, headers: [] }));
/** Every CORS header as a server that has its own ideas would send it. */
const OWN_VALUE = 'https://of-the-server.example';
const OWN_IDEAS: ServerReply = {
  status: 200,
  headers: [
    'Access-Control-Allow-Origin',
    'Access-Control-Allow-Credentials',
    'Access-Control-Expose-Headers',
  ].map((name) => ({ name, value: OWN_VALUE })),
};
const NEEDS = REVISIONS.map((revision) => REVISION_NEEDS[revision]);

/** Most expressions besides one that its samples are held against. */
const MOST_OTHERS = 20;

/** Whether a value of Access-Control-Allow-Origin matches no page, whatever its origin. */
function isUnusable(value: string): boolean {
  return (
    value !== '*' && value !== 'null' && value !== '' && parseOrigin(value.replace(/\/$/, '')) === undefined
  );
}

/** Asks a configuration what a browser, a foreign page and a look-alike would ask, and says what it enforces. */
export function survey(model: Model): Survey {
  const holes: FormatHole[] = [...model.holes];
  const unread: Unread[] = [];
  const noted = new Set<string>();
  const lines: Partial<Record<EnforcedPart, number>> = {};
  const columns: Partial<Record<EnforcedPart, number>> = {};

  let host = model.host;
  const note = ({ at, text, message }: Unfollowed): void => {
    const key = `${at.line}:${at.column}:${message}`;
    if (!noted.has(key) && noted.size < 50) unread.push({ ...at, text: text.slice(0, 80), why: message });
    noted.add(key);
  };
  const place = (part: EnforcedPart, at: Position | undefined): void => {
    if (at === undefined || lines[part] !== undefined) return;
    lines[part] = at.line;
    columns[part] = at.column;
  };
  const add = (id: SurveyHoleId, at: Position, subject?: string): void => {
    if (holes.some((hole) => hole.id === id && hole.line === at.line && hole.subject === subject)) return;
    holes.push({ id, ...at, ...SURVEY_HOLES[id], subject });
  };
  const ask = (
    method: string,
    headers: Readonly<Record<string, string>>,
    reply: ServerReply = OK,
  ): ModelReply | undefined => {
    const request: ModelRequest = { method, path: model.path, headers: { host, ...headers } };
    try {
      return model.answer(request, reply);
    } catch (thrown) {
      if (!(thrown instanceof Unfollowed)) throw thrown;
      note(thrown);
      return undefined;
    }
  };
  /** The lines of a header, and undefined where one of them cannot be told. */
  const linesOf = (reply: ModelReply | undefined, name: string): readonly HeaderLine[] | undefined => {
    const found = reply?.lines.filter((line) => line.name.toLowerCase() === name);
    for (const { unfollowed } of found ?? []) if (unfollowed !== undefined) note(unfollowed);
    return found?.some(({ value }) => value === undefined) ? undefined : found;
  };
  const post = (origin: string | undefined, reply?: ServerReply, type = 'application/json') =>
    ask('POST', { ...(origin === undefined ? {} : { origin }), 'content-type': type }, reply);
  const preflight = (origin: string, headers: string, method = 'POST') =>
    ask('OPTIONS', {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': headers,
    });
  const allowed = (reply: ModelReply | undefined): readonly string[] | undefined =>
    linesOf(reply, 'access-control-allow-origin')?.map(({ value }) => value as string);
  const admitted = (reply: ModelReply | undefined, origin: string): boolean | undefined => {
    const values = allowed(reply);
    return values?.some((value) => value === origin || value === '*');
  };

  // Under a name that it takes: that of the file, or one that it compares with.
  const candidates = hostCandidatesOf(model.hosts, model.hostNames);
  const plain = { 'content-type': 'application/json' };
  const tried = candidatesOf(model.origins, note);
  const someOrigins = [
    undefined,
    ...tried.flatMap(({ samples }) => samples.slice(0, 1)).slice(0, MOST_OTHERS),
  ];
  const goesOn = (name: string, origin: string | undefined): ModelReply | undefined => {
    const reply = ask('POST', { ...plain, ...(origin === undefined ? {} : { origin }), host: name });
    return reply?.forwarded ? reply : undefined;
  };
  const reachable = [host, ...candidates.map(({ sample }) => sample)];
  host = reachable.find((name) => someOrigins.some((origin) => goesOn(name, origin) !== undefined)) ?? host;

  // Which pages get in.
  const evil = post(EVIL);
  const evilAdmitted = admitted(evil, EVIL);
  const any = evilAdmitted === true && admitted(post(OTHER_EVIL), OTHER_EVIL) === true;
  const anyOrigin = !any ? 'no' : allowed(evil)?.includes('*') ? 'star' : 'reflected';
  const origins: EnforcedOrigin[] = [];
  const found: { readonly candidate: Candidate; readonly origin: string }[] = [];
  if (!any) {
    for (const candidate of tried) {
      // What another entry admits too says nothing about this one.
      const others = tried.filter((one) => one !== candidate && one.loose).slice(0, MOST_OTHERS);
      const alone = candidate.samples.filter((sample) => !others.some((one) => one.matches(sample)));
      const samples = alone.length > 0 ? alone : candidate.samples;
      const origin = samples.find((sample) => admitted(post(sample), sample));
      if (origin === undefined) {
        const value = samples[0] === undefined ? undefined : allowed(post(samples[0]))?.find(isUnusable);
        if (value !== undefined) add('allow-origin-unusable', candidate.at, value);
        continue;
      }
      found.push({ candidate, origin });
      origins.push(...candidate.origins);
    }
    if (admitted(post('null'), 'null')) {
      const at = linesOf(post('null'), 'access-control-allow-origin')?.[0]?.at;
      if (!origins.some((one) => one.type !== 'regexp' && one.text === 'null'))
        origins.push({ type: 'exact', text: 'null', ...at });
    }
    if (evilAdmitted === true)
      origins.push({ type: 'exact', text: EVIL, ...linesOf(evil, 'access-control-allow-origin')?.[0]?.at });
  }
  for (const { candidate, origin } of found) {
    const alike = candidate.loose
      ? lookAlikesOf(origin).find((other) => admitted(post(other), other) === true)
      : undefined;
    if (alike !== undefined) add('look-alike-admitted', candidate.at, alike);
  }
  const page = found[0]?.origin ?? EVIL;
  const answer = page === EVIL ? evil : post(page);
  const originLines = linesOf(answer, 'access-control-allow-origin');
  const originAt = originLines?.[0]?.at;
  place('anyOrigin', originAt);
  const unusable = allowed(evil)?.find(isUnusable);
  if (unusable !== undefined) add('allow-origin-unusable', originAt ?? model.at, unusable);
  if ((originLines?.length ?? 0) > 1) add('headers-twice', originLines?.[1]?.at ?? model.at);
  const known = found.length > 0 || any || admitted(answer, page) !== undefined;
  if (found.length === 0 && !any && origins.length === 0) {
    for (const at of model.mixed)
      note(new Unfollowed(at, '$http_origin', 'origins are compared together with something else'));
  }
  const someOriginUnknown =
    evilAdmitted === undefined || (origins.length === 0 && !any && model.mixed.length > 0);

  // What pages may do.
  const credentialLines = linesOf(answer, 'access-control-allow-credentials');
  place('credentials', credentialLines?.[0]?.at);
  const credentials = credentialLines?.some(({ value }) => value === 'true');
  const asked = preflight(page, 'content-type');
  const names = (reply: ModelReply | undefined, header: string, part: EnforcedPart) => {
    const found = linesOf(reply, header);
    place(part, found?.[0]?.at);
    return found
      ?.flatMap(({ value }) => (value as string).split(',').map((name) => name.trim()))
      .filter((name) => name !== '');
  };
  const passes = (reply: ModelReply | undefined): boolean | undefined =>
    reply === undefined ? undefined : reply.status >= 200 && reply.status < 300;
  place('methods', asked?.at);
  place('allowedHeaders', asked?.at);
  const methodsOf = (): readonly string[] | 'any' | undefined => {
    delete lines.methods;
    const listed = names(asked, 'access-control-allow-methods', 'methods');
    if (listed === undefined) return undefined;
    place('methods', asked?.at);
    if (
      names(
        preflight(page, 'content-type', UNLISTED_METHOD),
        'access-control-allow-methods',
        'methods',
      )?.includes(UNLISTED_METHOD) ||
      (listed.includes('*') && credentials !== true)
    )
      return 'any';
    const granted = ['GET', 'DELETE', 'PUT', 'PATCH'].filter((method) => {
      const reply = preflight(page, 'content-type', method);
      return passes(reply) && names(reply, 'access-control-allow-methods', 'methods')?.includes(method);
    });
    // The safelisted ones are sent whatever the list says (Fetch standard, CORS-preflight fetch).
    return [...new Set([...listed, ...granted, ...SAFELISTED_METHODS])];
  };
  const headersOf = (): readonly string[] | 'any' | undefined => {
    delete lines.allowedHeaders;
    const listed = names(asked, 'access-control-allow-headers', 'allowedHeaders');
    const unlisted = names(preflight(page, UNLISTED), 'access-control-allow-headers', 'allowedHeaders');
    place('allowedHeaders', asked?.at);
    if (listed === undefined || unlisted === undefined) return undefined;
    if (unlisted.includes(UNLISTED)) return 'any';
    const fixed = unlisted.join() === listed.join();
    if (fixed) return listed;
    const grants = (name: string): boolean => {
      const reply = preflight(page, name.toLowerCase());
      const list = names(reply, 'access-control-allow-headers', 'allowedHeaders');
      return (
        passes(reply) === true && (list?.some((one) => one.toLowerCase() === name.toLowerCase()) ?? false)
      );
    };
    const wanted = [...new Set([...NEEDS.flatMap(({ requestHeaders }) => requestHeaders), ...model.words])];
    const different = wanted.filter(
      (name, i) => wanted.findIndex((one) => one.toLowerCase() === name.toLowerCase()) === i,
    );
    const prefixes = [...new Set(NEEDS.flatMap(({ requestHeaderPrefixes }) => requestHeaderPrefixes))]
      .filter((prefix) => grants(`${prefix}${UNLISTED}`))
      .map((prefix) => `${prefix}*`);
    return [...different.filter(grants), ...prefixes];
  };
  const methods = asked === undefined ? undefined : methodsOf();
  const allowedHeaders = asked === undefined ? undefined : headersOf();
  const exposedHeaders = names(answer, 'access-control-expose-headers', 'exposedHeaders');
  place('exposedHeaders', originAt);
  const ageLine = linesOf(asked, 'access-control-max-age')?.[0];
  place('maxAgeSeconds', ageLine?.at);
  const age = /^\d{1,15}$/.test(ageLine?.value ?? '') ? Number(ageLine?.value) : undefined;

  // How it treats requests and answers.
  const opens = admitted(answer, page) === true;
  const conduct: Partial<Record<keyof Conduct, boolean>> = {};
  const conclude = (part: keyof Conduct, truth: boolean | undefined, at: Position | undefined): void => {
    if (truth === undefined) return;
    conduct[part] = truth;
    place(part, at);
  };
  const both = (replies: readonly (ModelReply | undefined)[], test: (reply: ModelReply) => boolean) => {
    const told = replies.filter((reply) => reply !== undefined);
    if (told.some((reply) => !test(reply))) return false;
    return told.length < replies.length ? undefined : true;
  };
  const foreign = [evil, post(OTHER_EVIL), post('null'), ask('GET', { origin: EVIL })];
  if (!any)
    conclude(
      'refusesForeignOrigins',
      both(foreign, ({ forwarded }) => !forwarded),
      evil?.at,
    );
  const typed = post(page, OK, 'text/plain');
  conclude('checksContentType', typed && !typed.forwarded, typed?.at);
  const own = ask('OPTIONS', opens ? { origin: page } : {});
  if (asked?.forwarded === false) conclude('passesOtherOptions', own?.forwarded, own?.at);
  if (opens && asked !== undefined) {
    if (asked.forwarded) conclude('answersPreflights', false, asked.at);
    else {
      const grant = admitted(asked, page);
      const trusted = linesOf(asked, 'access-control-allow-credentials')?.some(
        ({ value }) => value === 'true',
      );
      const full = credentials !== true || trusted !== false;
      if (!passes(asked)) add('preflights-fail', asked.at, `status ${asked.status}`);
      else if (grant === false) add('preflights-fail', asked.at, 'no Access-Control-Allow-Origin');
      else if (!full) add('preflights-fail', asked.at, 'no Access-Control-Allow-Credentials');
      else if (grant === true) conclude('answersPreflights', true, asked.at);
    }
  }
  const errors = [...ERRORS, 'unreachable' as const].map((reply) => post(page, reply));
  if (opens) {
    const exposes = (reply: ModelReply): boolean =>
      (exposedHeaders?.length ?? 0) === 0 || linesOf(reply, 'access-control-expose-headers')?.length !== 0;
    conclude(
      'coversErrors',
      both(errors, (reply) => admitted(reply, page) !== false && exposes(reply)),
      originAt,
    );
  }
  if (opens && (allowed(evil)?.join() !== allowed(answer)?.join() || anyOrigin === 'reflected')) {
    const varies = (reply: ModelReply): boolean =>
      linesOf(reply, 'vary')?.some(({ value }) =>
        /(?:^|,)\s*(?:origin|\*)\s*(?:,|$)/i.test(value as string),
      ) ?? true;
    const replies = [answer, evil, post(undefined), asked, ...errors];
    const bare = replies.find((reply) => reply !== undefined && !varies(reply));
    conclude(
      'varies',
      both(replies, varies),
      bare === undefined ? originAt : (linesOf(bare, 'vary')?.[0]?.at ?? originAt),
    );
  }
  const ownIdeas = [post(page, OWN_IDEAS), post(EVIL, OWN_IDEAS)];
  const kept = (reply: ModelReply): boolean => !reply.lines.some(({ value }) => value === OWN_VALUE);
  conclude('replacesApplicationHeaders', both(ownIdeas, kept), answer?.at);

  // Under which names it is reached.
  const pages = opens ? [undefined, page] : [undefined];
  const under = (name: string): boolean => pages.some((origin) => goesOn(name, origin) !== undefined);
  const rebound = ask('POST', { ...plain, host: EVIL_HOST });
  const hosts =
    rebound === undefined
      ? undefined
      : under(EVIL_HOST)
        ? ('unchecked' as const)
        : candidates.flatMap((one) => (under(one.sample) ? [one.host] : []));
  place('hosts', rebound?.at);
  const absent = post(undefined);
  const denies = absent !== undefined && !absent.forwarded && page !== EVIL;

  return {
    enforced: {
      name: model.name,
      ...model.at,
      lines,
      columns,
      origins: known && !someOriginUnknown ? origins : origins.length > 0 ? origins : undefined,
      anyOrigin,
      credentials,
      methods,
      allowedHeaders,
      exposedHeaders,
      maxAgeSeconds: age,
      hosts: Array.isArray(hosts) && hosts.length === 0 ? undefined : hosts,
      ...(denies ? { missingOrigin: 'deny' as const } : {}),
      conduct,
    },
    holes,
    unread,
  };
}
