/**
 * Names under which servers of the HTTP+SSE transport pass the session in the URL of the POST: the SDKs for TypeScript,
 * Java, C# and Rust; Python; Go.
 */
const SESSION_PARAMETERS: ReadonlySet<string> = new Set(['sessionId', 'session_id', 'sessionid']);

/** What a query parser somewhere behind could take for one of them: `sessionId[]`, `[sessionId]`, `SessionID`. */
const ALIKE = /session_?id/i;

/** A change to a session id; undefined when there is no way to make it. */
export type ChangeOfId = (id: string) => string | undefined;

/**
 * Changes the session ids in the query of a URL or request target, and leaves every other character alone. Gives
 * undefined when a change cannot be made, or when there is more than one session, or one under a name that
 * readers behind may understand differently.
 */
export function changeSessionParameter(target: string, change: ChangeOfId): string | undefined {
  const start = target.indexOf('?') + 1;
  if (start === 0) return target;
  const fragment = target.indexOf('#', start);
  const end = fragment === -1 ? target.length : fragment;
  // Some parsers also take `;` for a separator.
  const parts = target.slice(start, end).split(/([&;])/);
  let found = 0;
  for (const [i, part] of parts.entries()) {
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    if (name !== undefined && !ALIKE.test(name)) continue;
    if (name === undefined || !SESSION_PARAMETERS.has(name) || ++found > 1) return undefined;
    const id = equals === -1 ? undefined : decode(part.slice(equals + 1));
    const changed = id === undefined ? undefined : change(id);
    if (changed === undefined) return undefined;
    parts[i] = `${part.slice(0, equals + 1)}${encodeURIComponent(changed)}`;
  }
  return `${target.slice(0, start)}${parts.join('')}${target.slice(end)}`;
}

/** Text of a query, decoded as forms are (https://url.spec.whatwg.org/#concept-urlencoded-parser). */
function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined; // not UTF-8
  }
}
