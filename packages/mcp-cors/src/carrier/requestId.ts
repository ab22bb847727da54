/** Characters that a request id may be made of, so that it can stand in logs and headers; at most 128. */
const WELL_FORMED = /^[A-Za-z0-9._:/+=@-]{1,128}$/;

/** The id of a request: the one it came with when that is well formed, or a new one. */
export function requestIdOf(given: string | undefined): string {
  return given !== undefined && WELL_FORMED.test(given) ? given : crypto.randomUUID();
}
