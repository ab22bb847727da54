import { isDomain, parseOrigin } from '../../policy/origin.js';
import type { EnforcedOrigin } from '../enforced.js';
import { samplesOf } from '../expression/samples.js';
import { isLengthBound, patternsOf } from './idioms.js';
import { type Mention, Unfollowed } from './model.js';
import type { Position } from './position.js';

/** Something in a file that may admit origins, with origins to find out by. */
export interface Candidate {
  readonly at: Position;
  /** As it stands there. */
  readonly text: string;
  /** As it is said in what is enforced. */
  readonly origins: readonly EnforcedOrigin[];
  readonly samples: readonly string[];
  /** Whether it may admit more than it says. */
  readonly loose: boolean;
  readonly matches: (origin: string) => boolean;
}

/** Most texts and expressions that are tried. */
const MOST_TEXTS = 2_000;
const MOST_EXPRESSIONS = 100;
/** Most ways through one expression. */
const MOST_SAMPLES = 24;
/** What a text may lack to be an origin, before and behind it. */
const BEFORE = ['', 'https://', 'http://', 'https://a', 'https://a.'];
const BEHIND = ['', 'example', 'example.com'];

/** What a file mentions as ways to admit origins. What is left out is noted. */
export function candidatesOf(
  mentions: readonly Mention[],
  note: (unfollowed: Unfollowed) => void,
): readonly Candidate[] {
  const candidates: Candidate[] = [];
  const seen = new Set<string>();
  let texts = 0;
  let expressions = 0;
  for (const mention of mentions) {
    const key = mention.type === 'text' ? mention.text : `/${mention.source}/${mention.flags}`;
    if (seen.has(key)) continue;
    seen.add(key);
    if (mention.type === 'text') {
      if (isHostPattern(mention.text.replace(/^\./, '*.')) && /[.]|^localhost/.test(mention.text)) {
        texts++;
        candidates.push(...hostTextCandidates(mention.text, mention.at));
        continue;
      }
      if (!/^(?:null|[a-z][a-z0-9+.-]*:\/\/[^\s$]+)$/i.test(mention.text)) continue;
      if (++texts > MOST_TEXTS) {
        note(new Unfollowed(mention.at, mention.text, `only ${MOST_TEXTS} origins are tried`));
        break;
      }
      const origins = [{ type: 'exact', text: mention.text, ...mention.at } as const];
      candidates.push({
        at: mention.at,
        text: mention.text,
        origins,
        samples: [mention.text],
        loose: false,
        matches: (text) => text === mention.text,
      });
    } else {
      if (++expressions > MOST_EXPRESSIONS) {
        note(new Unfollowed(mention.at, mention.source, `only ${MOST_EXPRESSIONS} expressions are tried`));
        break;
      }
      if (!isLengthBound(mention.source)) candidates.push(expressionCandidate(mention));
    }
  }
  return candidates;
}

/** Ways in by the host alone: the scheme is whatever else the file asks for. */
function hostTextCandidates(text: string, at: Position): readonly Candidate[] {
  const host = text.replace(/^\*?\./, '').toLowerCase();
  const below = host !== text.toLowerCase();
  const hosts = [...(text.startsWith('*') ? [] : [host]), ...(below ? [`*.${host}`] : [])];
  return ['https', 'http'].flatMap((scheme) =>
    hosts.map((one): Candidate => {
      const origin = `${scheme}://${one}`;
      const type = one === host ? 'exact' : 'pattern';
      return {
        at,
        text,
        origins: [{ type, text: origin, ...at }],
        samples: [origin.replace('*', 'a')],
        loose: true,
        matches: (text) => text.endsWith(host),
      };
    }),
  );
}

function expressionCandidate(mention: Mention & { readonly type: 'regexp' }): Candidate {
  const { at, source, flags, tree } = mention;
  const patterns = flags === '' ? patternsOf(source) : undefined;
  const samples = tree === undefined ? [] : samplesOf(tree, MOST_SAMPLES);
  return {
    at,
    text: source,
    origins: patterns?.map(
      (text) => ({ type: text.includes('*') ? 'pattern' : 'exact', text, ...at }) as const,
    ) ?? [{ type: 'regexp', source, flags, ...at }],
    samples: [
      ...new Set(
        BEHIND.flatMap((behind) =>
          BEFORE.flatMap((before) => samples.map((text) => `${before}${text}${behind}`)),
        ),
      ),
    ].filter((text) => (text === 'null' || parseOrigin(text) !== undefined) && mention.matches(text)),
    loose: patterns === undefined,
    matches: mention.matches,
  };
}

/** A Host that may be admitted: as a policy writes it, and a name that shows it. */
export interface HostCandidate {
  readonly host: string;
  readonly sample: string;
}

/** The names that a file mentions, each once, without their ports. */
export function hostCandidatesOf(
  mentions: readonly Mention[],
  names: readonly string[],
): readonly HostCandidate[] {
  const texts = [
    ...names,
    ...mentions.flatMap((mention) => {
      if (mention.type === 'text') return [mention.text];
      const patterns = patternsOf(mention.source);
      if (patterns !== undefined) return patterns;
      return mention.tree === undefined ? [] : samplesOf(mention.tree, MOST_SAMPLES);
    }),
  ];
  const hosts = texts
    .map((text) => text.toLowerCase().replace(/^\./, '*.').replace(/:\*$/, ''))
    .filter((text) => isHostPattern(text));
  return [...new Set(hosts)].slice(0, MOST_TEXTS).map((host) => ({ host, sample: host.replace(/^\*/, 'a') }));
}

function isHostPattern(text: string): boolean {
  const bare = text.replace(/^\*\./, '').replace(/:\d{1,5}$/, '');
  return isDomain(bare) || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(bare) || /^\[[0-9a-f:.]+\]$/.test(bare);
}
