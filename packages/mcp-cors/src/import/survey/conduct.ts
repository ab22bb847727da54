import type { Conduct } from '../enforced.js';
import type { Admission } from './admission.js';
import { type Asking, EVIL, OTHER_EVIL } from './asking.js';
import { type Grants, isPassing } from './grants.js';
import type { ModelReply, ServerReply } from './model.js';
import type { Position } from './position.js';

const ERRORS: readonly ServerReply[] = [
  ...[401, 404, 500].map((status) => ({ status, headers: [] })),
  'unreachable',
];
/** CORS headers as a server that has its own ideas would send them. */
const OWN_VALUE = 'https://of-the-server.example';
const OWN_IDEAS: ServerReply = {
  status: 200,
  headers: [
    'Access-Control-Allow-Origin',
    'Access-Control-Allow-Credentials',
    'Access-Control-Expose-Headers',
  ].map((name) => ({ name, value: OWN_VALUE })),
};

/** Asks how requests and responses are treated. */
export function askForConduct(
  asking: Asking,
  { page, anyOrigin }: Admission,
  { credentials, exposedHeaders }: Grants,
): Conduct {
  const { ask, post, preflight, linesOf, allowed, admitted, place, add } = asking;
  const conduct: Partial<Record<keyof Conduct, boolean>> = {};
  const conclude = (part: keyof Conduct, truth: boolean | undefined, at: Position | undefined): void => {
    if (truth === undefined) return;
    conduct[part] = truth;
    place(part, at);
  };
  const answer = post(page);
  const originAt = linesOf(answer, 'access-control-allow-origin')?.[0]?.at;
  const opens = admitted(answer, page) === true;
  const evil = post(EVIL);
  const asked = preflight(page, 'content-type');

  const foreign = [evil, post(OTHER_EVIL), post('null'), ask('GET', { origin: EVIL })];
  const refused = all(foreign, ({ forwarded }) => !forwarded);
  if (anyOrigin === 'no') conclude('refusesForeignOrigins', refused, evil?.at);
  const typed = ask('POST', { origin: page, 'content-type': 'text/plain' });
  conclude('checksContentType', typed && !typed.forwarded, typed?.at);
  const own = ask('OPTIONS', opens ? { origin: page } : {});
  if (asked?.forwarded === false) conclude('passesOtherOptions', own?.forwarded, own?.at);
  if (opens && asked?.forwarded === true) conclude('answersPreflights', false, asked.at);
  else if (opens && asked !== undefined) {
    const trusted = linesOf(asked, 'access-control-allow-credentials')?.some(({ value }) => value === 'true');
    const granted = admitted(asked, page);
    const fault = !isPassing(asked)
      ? `status ${asked.status}`
      : granted === false
        ? 'no Access-Control-Allow-Origin'
        : credentials === true && trusted === false
          ? 'no Access-Control-Allow-Credentials'
          : undefined;
    if (fault !== undefined) add('preflights-fail', asked.at, fault);
    else if (granted === true) conclude('answersPreflights', true, asked.at);
  }

  const errors = ERRORS.map((reply) => post(page, reply));
  const exposes = (reply: ModelReply): boolean =>
    (exposedHeaders?.length ?? 0) === 0 || linesOf(reply, 'access-control-expose-headers')?.length !== 0;
  const covered = all(errors, (reply) => admitted(reply, page) !== false && exposes(reply));
  if (opens) conclude('coversErrors', covered, originAt);

  // What is the same for every page needs no Vary.
  const differs = allowed(evil)?.join() !== allowed(answer)?.join() || anyOrigin === 'reflected';
  const varies = (reply: ModelReply): boolean =>
    linesOf(reply, 'vary')?.some(({ value }) => /(?:^|,)\s*(?:origin|\*)\s*(?:,|$)/i.test(value as string)) ??
    true;
  const replies = [answer, evil, post(undefined), asked, ...errors];
  const bare = replies.find((reply) => reply !== undefined && !varies(reply));
  if (opens && differs) conclude('varies', all(replies, varies), linesOf(bare, 'vary')?.[0]?.at ?? originAt);

  const doubled = [post(page, OWN_IDEAS), post(EVIL, OWN_IDEAS)];
  const replaced = all(doubled, ({ lines }) => !lines.some(({ value }) => value === OWN_VALUE));
  conclude('replacesApplicationHeaders', replaced, answer?.at);
  return conduct;
}

/** Whether all replies are so; undefined where some cannot be told and the others are. */
function all(
  replies: readonly (ModelReply | undefined)[],
  test: (reply: ModelReply) => boolean,
): boolean | undefined {
  const told = replies.filter((reply) => reply !== undefined);
  if (told.some((reply) => !test(reply))) return false;
  return told.length < replies.length ? undefined : true;
}
