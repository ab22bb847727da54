/**
 * Names under which servers of the HTTP+SSE transport pass the session in the URL of the POST: the SDKs for TypeScript,
 * Java, C# and Rust; Python; Go.
 */
const SESSION_PARAMETERS: ReadonlySet<string> = new Set(['sessionId', 'session_id', 'sessionid']);

/** How any of these names begins, in letters. */
const SESSION_LETTERS = 'sessionid';

/**
 * Where a reader behind may take a parameter to begin or to end. `;` separates for some; some find the query behind the
 * last `?`; and some keep in the query what follows a `#`, which no request target should have (RFC 9112 section 3.2).
 */
const SEPARATORS = /([&;?#])/;

/** A change to a session id; undefined when there is no way to make it. */
export type ChangeOfId = (id: string) => string | undefined;

/**
 * Changes the session id in the query of a URL or request target, and leaves every other character alone. Gives
 * undefined when the change cannot be made, or when there is more than one session, or one under a name that
 * readers behind may understand differently. Takes time in proportion to the length.
 */
export function changeSessionParameter(target: string, change: ChangeOfId): string | undefined {
  const start = target.indexOf('?') + 1;
  if (start === 0) return target;
  const parts = target.slice(start).split(SEPARATORS);
  let found = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const part = parts[i] as string;
    if (part.length < SESSION_LETTERS.length) continue;
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    if (name !== undefined && !isAlike(name)) continue;
    if (name === undefined || !SESSION_PARAMETERS.has(name) || ++found > 1) return undefined;
    if ((parts[i + 1] ?? '&') !== '&') return undefined; // for some, the id goes on
    const id = equals === -1 ? undefined : decode(part.slice(equals + 1));
    const changed = id === undefined ? undefined : change(id);
    const encoded = changed === undefined ? undefined : encode(changed);
    if (encoded === undefined) return undefined;
    parts[i] = `${part.slice(0, equals + 1)}${encoded}`;
  }
  return `${target.slice(0, start)}${parts.join('')}`;
}

/**
 * Whether a reader somewhere behind could take a name for the session's. Readers strip brackets (`sessionId[]`,
 * `[sessionId]`: qs), turn dots, spaces and single brackets into `_` (PHP), and compare without case (ASP.NET), so only
 * the letters count, in any case and width.
 */
function isAlike(name: string): boolean {
  const letters = name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ı', 'i')
    .replace(/[^a-z]+/g, '');
  return letters.startsWith(SESSION_LETTERS);
}

/** Text of a query, decoded as forms are (https://url.spec.whatwg.org/#concept-urlencoded-parser). */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined; // not UTF-8
  }
}

function encode(text: string): string | undefined {
  try {
    return encodeURIComponent(text);
  } catch {
    return undefined; // half a surrogate pair
  }
}
