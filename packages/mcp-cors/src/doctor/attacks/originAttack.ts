import type { HeaderField } from '../../policy/index.js';
import type { Severity } from '../report.js';
import type { AttackContext } from './context.js';
import { type Admission, act, admissionOf, askFirst, type Outcome, ping } from './deed.js';
import type { AttackId } from './faults.js';
import { ATTACKER, isLoopback, type OriginClass, type OriginProbe, originProbes } from './origins.js';
import type { Answer } from './prober.js';

/** What each class of probe that gets in is called, and how grave that is where the class alone decides. */
const BY_CLASS: Readonly<Record<OriginClass, readonly [id: AttackId, severity?: Severity]>> = {
  reflection: ['foreign-origin-reflected'],
  null: ['null-origin-allowed'],
  prefix: ['origin-prefix-matched'],
  suffix: ['origin-suffix-matched'],
  substring: ['origin-substring-matched'],
  'unescaped-dot': ['origin-dot-unescaped'],
  'special-character': ['origin-special-character-matched'],
  'look-alike': ['origin-look-alike-matched'],
  'localhost-prefix': ['localhost-prefix-matched'],
  'third-party': ['third-party-allowed'],
  downgrade: ['scheme-downgrade-allowed', 'warning'],
  port: ['port-any-allowed', 'warning'],
  subdomain: ['subdomain-any-allowed', 'info'],
  loopback: ['loopback-origin-allowed', 'info'],
  'other-extension': ['extension-any-allowed', 'info'],
  'loose-syntax': ['origin-loosely-parsed', 'info'],
};

/** Requests that are under way at the same time. */
const CONCURRENCY = 4;

/** Most origins that a finding names. */
const SHOWN = 6;

/** How it shows that a server takes an origin for an allowed one. */
type Sign =
  /** The preflight allows it. */
  | 'preflight'
  /** The answer to a request allows it. */
  | 'answer'
  /** There is no CORS: the request is not refused as a foreign one is. */
  | 'passage';

/** A probe that got in. */
interface Entered {
  readonly probe: OriginProbe;
  readonly answer: Answer;
  readonly admission: Admission;
}

/** What a page that nobody named gets. */
export interface ForeignPage {
  /** Whether it may read answers, and everything else follows from that. */
  readonly admitted: boolean;
  readonly outcome: Outcome | undefined;
}

const FOREIGN = `https://${ATTACKER}`;

/**
 * Asks for a deed as a page that nobody named, and reports what it gets: the deed, and whether it may read the answer.
 * @param preflight The answer to such a page's preflight, where one was sent.
 */
export async function tryForeignPage(context: AttackContext, preflight?: Answer): Promise<ForeignPage> {
  const outcome = await act(context, [['origin', FOREIGN], ...context.ambient]);
  const byAnswer = admissionOf(outcome?.answer, FOREIGN);
  const byPreflight = admissionOf(preflight, FOREIGN);
  const admitted = stronger(byPreflight, byAnswer);
  const readable = byAnswer.by ?? byPreflight.by;

  reportUnchecked(context, FOREIGN, outcome, readable !== undefined);
  const seen = [preflight, outcome?.answer].find((answer) => admissionOf(answer, FOREIGN).by !== undefined);
  if (readable === undefined || seen === undefined) return { admitted: false, outcome };
  context.report({
    id: readable === 'star' ? 'any-origin-allowed' : 'foreign-origin-reflected',
    severity: outcome?.acted || (admitted.credentials && readable === 'name') ? 'error' : 'warning',
    detail: admitted.credentials && readable === 'name' ? 'with credentials' : undefined,
    tried: `a page at ${FOREIGN}${treatmentOf(outcome)}`,
    witness: seen.witness,
  });
  return { admitted: true, outcome };
}

/** What the server did about a foreign page, in words that follow it. */
function treatmentOf(outcome: Outcome | undefined): string {
  if (outcome?.acted) return ', for which the server acted';
  return outcome?.answer.status === 401
    ? ', which the server asks for a token'
    : ', which the server refuses';
}

/** Tries origins that look like an allowed one, and those that look like nothing at all. */
export async function attackOrigin(context: AttackContext, origin: string): Promise<void> {
  const preflight = await askFirst(context, [['origin', FOREIGN]]);
  const { admitted, outcome } = await tryForeignPage(context, preflight);
  if (admitted) return; // every other origin gets in the same way
  const sign = await findSign(context, origin, outcome?.answer);
  if (sign === undefined) return;
  const probes = originProbes(origin, context.origins, new URL(context.target.url).origin).filter(
    ({ lines }) => lines[0] !== FOREIGN || lines.length > 1,
  );
  const entered = await tryAll(context, probes, sign, outcome?.answer.status);
  for (const [className, those] of byClass(unexplained(entered))) {
    await reportClass(context, origin, className, those, sign);
  }
}

function stronger(a: Admission, b: Admission): Admission {
  return { by: a.by ?? b.by, credentials: a.credentials || b.credentials };
}

/** The server acts for a page that it does not name. */
function reportUnchecked(
  context: AttackContext,
  foreign: string,
  outcome: Outcome | undefined,
  readable: boolean,
): void {
  if (!outcome?.acted) return;
  // Browsers send JSON for a foreign page only when the preflight passes. Otherwise it takes a POST without one.
  const reaches =
    readable ||
    context.has('simple-post-accepted', 'error') ||
    context.has('content-type-substring', 'error');
  context.report({
    id: 'origin-not-checked',
    severity: reaches ? (context.isPrivate ? 'error' : 'warning') : context.isPrivate ? 'warning' : 'info',
    detail: reaches ? undefined : 'browsers alone keep foreign pages out',
    tried: `a request of a page at ${foreign}`,
    witness: outcome.answer.witness,
  });
}

/** By what the server shows that it takes an origin for allowed; undefined when nothing tells origins apart. */
async function findSign(
  context: AttackContext,
  origin: string,
  refused: Answer | undefined,
): Promise<Sign | undefined> {
  if (admissionOf(await askFirst(context, [['origin', origin]]), origin).by !== undefined) return 'preflight';
  const answer = await ping(context, [['origin', origin], ...context.ambient]);
  if (admissionOf(answer, origin).by !== undefined) return 'answer';
  const differs =
    answer !== undefined && refused !== undefined && refused.status === 403 && answer.status !== 403;
  // The page itself is not allowed: what others are, only the answers can tell.
  return differs ? 'passage' : 'answer';
}

async function tryAll(
  context: AttackContext,
  probes: readonly OriginProbe[],
  sign: Sign,
  refusedStatus: number | undefined,
): Promise<readonly Entered[]> {
  const entered: Entered[] = [];
  const waiting = [...probes];
  const work = async (): Promise<void> => {
    for (let probe = waiting.shift(); probe !== undefined; probe = waiting.shift()) {
      const headers: readonly HeaderField[] = probe.lines.map((line) => ['origin', line]);
      const answer =
        sign === 'preflight'
          ? await askFirst(context, headers)
          : await ping(context, [...headers, ...context.ambient]);
      if (answer === undefined) continue;
      const admission = admitsAny(answer, probe);
      const passes =
        sign === 'passage' &&
        answer.status !== refusedStatus &&
        ![400, 421, 431, 429].includes(answer.status) &&
        answer.status < 500;
      if (admission.by === 'name' || passes) entered.push({ probe, answer, admission });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  // In the order of the probes, whichever answer came first.
  return probes.flatMap((probe) => entered.filter((one) => one.probe === probe));
}

/** An answer may repeat what was sent as a whole, or one line of it. */
function admitsAny(answer: Answer, { lines, from }: OriginProbe): Admission {
  const values = [lines.join(', '), ...lines.filter((line) => line !== from)];
  const found = values.map((value) => admissionOf(answer, value)).find(({ by }) => by !== undefined);
  return found ?? { by: undefined, credentials: false };
}

/**
 * Leaves out what another hole explains: with a wildcard for subdomains a sibling happens to end like the allowed host;
 * who looks at the beginning alone lets in every port and every special character; who looks at the end alone, whatever
 * stands in place of a dot before it.
 */
function unexplained(entered: readonly Entered[]): readonly Entered[] {
  const lines = (className: OriginClass, mark: string): readonly string[] =>
    entered
      .filter(({ probe }) => probe.class === className && probe.lines[0]?.includes(mark))
      .map(
        ({
          probe: {
            lines: [line = ''],
          },
        }) => line.replace(mark, ''),
      );
  const parents = lines('subdomain', 'mcp-cors-check.').map((line) => line.split('://'));
  const beginnings = lines('prefix', `.${ATTACKER}`);
  const endings = lines('suffix', 'evil').map((line) => line.split('://'));
  const isBelow = (line: string): boolean =>
    parents.some(([scheme = '', host = '']) => line.startsWith(`${scheme}://`) && line.endsWith(`.${host}`));
  const isBegun = (line: string): boolean => beginnings.some((beginning) => line.startsWith(beginning));
  const isEnded = (line: string): boolean => endings.some(([, host = '']) => line.endsWith(host));
  return entered.filter(
    ({
      probe: {
        class: className,
        lines: [line = ''],
      },
    }) => {
      if (className === 'suffix' || className === 'substring') return !isBelow(line);
      if (className === 'unescaped-dot') return !isEnded(line);
      if (className === 'special-character' || className === 'port') return !isBegun(line);
      return true;
    },
  );
}

function byClass(entered: readonly Entered[]): ReadonlyMap<OriginClass, readonly Entered[]> {
  const classes = new Map<OriginClass, Entered[]>();
  for (const one of entered) {
    const { class: className } = one.probe;
    classes.set(className, [...(classes.get(className) ?? []), one]);
  }
  return classes;
}

async function reportClass(
  context: AttackContext,
  origin: string,
  className: OriginClass,
  those: readonly Entered[],
  sign: Sign,
): Promise<void> {
  const [first] = those;
  if (first === undefined) return;
  const [id, fixed] = BY_CLASS[className];
  const outcome =
    fixed === undefined
      ? await act(context, [
          ...first.probe.lines.map((line) => ['origin', line] as const),
          ...context.ambient,
        ])
      : undefined;
  const names = those.map(({ probe }) => probe.lines.join(' and '));
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  context.report({
    id,
    severity: fixed === undefined ? gravity(outcome, first, sign) : eased(className, first, fixed),
    detail: those.some(({ admission }) => admission.credentials) ? 'with credentials' : undefined,
    tried: `${names.slice(0, SHOWN).map(shortened).join(', ')}${more}`,
    witness: first.answer.witness,
    origin,
  });
}

/** How grave it is that a hostile page gets in: by what it could do there. */
function gravity(outcome: Outcome | undefined, { admission }: Entered, sign: Sign): Severity {
  // Without CORS the page reads nothing and sends no JSON: the next simple POST that is accepted makes it an error.
  if (sign === 'passage') return 'warning';
  return outcome?.acted || admission.credentials ? 'error' : 'warning';
}

/** Other ports of the user's own machine are where developers work. */
function eased(className: OriginClass, { probe }: Entered, severity: Severity): Severity {
  const host = /:\/\/(\[[^\]]*\]|[^:/]*)/.exec(probe.lines[0] ?? '')?.[1] ?? '';
  return className === 'port' && isLoopback(host) ? 'info' : severity;
}

function shortened(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
