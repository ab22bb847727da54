/**
 * Anchored expressions that say what a pattern of a policy says, as mcp-cors render writes them: one or more labels before
 * a name, any port. Whether they still are what render writes is held by the tests.
 */
const LABELS = '(?:[a-z0-9_-]{1,63}\\.)+';
const PORTS = /\(\?::\(\?:\[1-9\][^()]*6553\[0-5\]\)\)\?/;

/** The patterns of a policy that an expression spells out; undefined when it is more than that. */
export function patternsOf(source: string): readonly string[] | undefined {
  if (!source.startsWith('^') || !source.endsWith('$')) return undefined;
  const plain = source.slice(1, -1).replaceAll(LABELS, '\ue001').replaceAll(new RegExp(PORTS, 'g'), '\ue002');
  const texts = alternativesOf(plain);
  const patterns = texts?.map(patternOf);
  return patterns?.every((pattern) => pattern !== undefined) ? patterns : undefined;
}

/** Whether an expression is about texts that are too long for an origin, and admits none. */
export function isLengthBound(source: string): boolean {
  return /^\^\(\?:\[\^:\]\{65\}\|\[\^:\]\*:\/\/\[\^:\]\{254\}\)$/.test(source);
}

/** Writes choices out that have no more than texts in them; undefined when there is more to it. */
function alternativesOf(source: string): readonly string[] | undefined {
  if (source.length > 20_000) return undefined;
  const open = source.indexOf('(?:');
  if (open === -1) return source.includes('|') ? source.split('|') : [source];
  const close = closing(source, open);
  if (close === -1) return undefined;
  const before = source.slice(0, open);
  const after = source.slice(close + 1);
  // Only choices at the beginning, which is how names that share a port are written.
  if (/[|(]/.test(before) || /^[*+?{]/.test(after) || /[(|]/.test(after)) return undefined;
  const inner = split(source.slice(open + 3, close)).map(alternativesOf);
  if (!inner.every((texts) => texts !== undefined)) return undefined;
  return inner.flat().map((text) => `${before}${text}${after}`);
}

function closing(source: string, open: number): number {
  let depth = 0;
  for (let at = open; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '(') depth++;
    else if (source[at] === ')' && --depth === 0) return at;
  }
  return -1;
}

/** Cuts at the bars that stand outside of groups. */
function split(source: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < source.length; at++) {
    if (source[at] === '\\') at++;
    else if (source[at] === '(') depth++;
    else if (source[at] === ')') depth--;
    else if (source[at] === '|' && depth === 0) {
      parts.push(source.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, source.slice(start)];
}

/** One text of literals, with one wildcard at the beginning of its host and one as its port. */
function patternOf(text: string): string | undefined {
  const pattern = text.replaceAll(/\\([^A-Za-z0-9])/g, '\ue003$1');
  if (/(?<!\ue003)[\\^$.|?*+()[\]{}]/.test(pattern)) return undefined;
  const plain = pattern.replaceAll('\ue003', '');
  if (!/^(?:[a-z][a-z0-9+.-]*:\/\/)?\ue001?[^\ue001\ue002]+\ue002?$/.test(plain)) return undefined;
  return plain.replace('\ue001', '*.').replace('\ue002', ':*');
}
