/**
 * What servers write when they do not know a session: `Session not found`, `Invalid session ID`, `No valid session ID
 * provided`, `Unknown session`. Bounded, so that it takes time in proportion to the message.
 */
const SAYS_LOST = [
  /\b(?:no valid|invalid|unknown|expired|no such|could not find|cannot find)\b.{0,20}\bsession\b/i,
  /\bsession\b.{0,60}\b(?:not found|unknown|invalid|not valid|expired|does not exist|doesn't exist|terminated|no longer)\b/i,
];

/** Longest message that is looked at, in characters. */
const MAX_MESSAGE_LENGTH = 500;

/** Codes that servers of the SDKs use for it; JSON-RPC leaves them to the server. */
const CODES: ReadonlySet<unknown> = new Set([-32000, -32001]);

/**
 * Whether the body of a 400 to a request with a session id says, beyond doubt, that the server does not know that session. The
 * specification wants 404 then, without which no client opens a new one (transports, 2025-11-25, session management).
 */
export function isLostSession(body: Buffer): boolean {
  let message: unknown;
  try {
    message = JSON.parse(body.toString());
  } catch {
    return false;
  }
  const { error } = (message ?? {}) as {
    readonly error?: { readonly code?: unknown; readonly message?: unknown };
  };
  if (typeof error !== 'object' || error === null) return false;
  const { code, message: text } = error;
  if (!CODES.has(code) || typeof text !== 'string' || text.length > MAX_MESSAGE_LENGTH) return false;
  return SAYS_LOST.some((pattern) => pattern.test(text));
}
