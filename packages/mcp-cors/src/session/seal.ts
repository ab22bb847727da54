import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { RequestHead } from '../policy/index.js';

/** Seals session ids to whoever opened the session, and opens them for the same. Keeps nothing. */
export interface SessionSealer {
  /** The id as its owner sees it: an HMAC over owner and id, a dot, and the id. The same each time. */
  seal(owner: string, id: string): string;
  /**
   * The server's own id, or undefined when the sealed one is forged, truncated, too long, or belongs to another owner.
   * Takes the same time for every wrong seal.
   */
  open(owner: string, sealed: string): string | undefined;
}

/**
 * Longest sealed id that is looked at, in characters: what Node takes for all headers of a request. Servers that keep no
 * state put all of it in the id.
 */
export const MAX_SEALED_LENGTH = 16_384;

/** Characters of an HMAC-SHA-256 in base64url without padding (RFC 4648 section 5). */
const TAG_LENGTH = 43;

/** Keeps these HMACs apart from any other that is made with the same secret. */
const PURPOSE = 'mcp-cors session 1';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * Makes a sealer. The first secret seals; all of them open, so that a new one can be put in front and the old one taken
 * away when its sessions are over.
 */
export function createSessionSealer(secrets: readonly [string, ...string[]]): SessionSealer {
  const keyed = secrets.map((secret) => hmac.create(sha256, utf8ToBytes(secret)));

  function tag(key: number, owner: string, id: string): string {
    // Neither owners nor what stands before them hold a NUL, so no two pairs give the same text.
    const text = utf8ToBytes(`${PURPOSE}\0${owner}\0${id}`);
    return base64url((keyed[key] as (typeof keyed)[number]).clone().update(text).digest());
  }

  return Object.freeze({
    seal: (owner: string, id: string) => `${tag(0, owner, id)}.${id}`,
    open(owner: string, sealed: string) {
      if (sealed.length > MAX_SEALED_LENGTH || sealed[TAG_LENGTH] !== '.') return undefined;
      const given = sealed.slice(0, TAG_LENGTH);
      const id = sealed.slice(TAG_LENGTH + 1);
      let opened = false;
      for (let key = 0; key < keyed.length; key++) {
        if (isEqual(given, tag(key, owner, id))) opened = true;
      }
      return opened ? id : undefined;
    },
  });
}

/** The owner of sessions that no page opened. */
const NATIVE = '';

/**
 * Whom a session belongs to: the origin of the page, or no origin. A page of the server itself sends Origin with some of
 * its requests only (https://fetch.spec.whatwg.org/#append-a-request-origin-header), so it is known by the Host and by
 * the browser's word, `Sec-Fetch-Site: same-origin`. The scheme, which a TLS proxy in front may change, does not count.
 * Browsers do not send that word over plain HTTP (https://www.w3.org/TR/fetch-metadata/#set-site): there, nothing tells
 * such a page's GET from a native client's, and all its sessions count as native.
 */
export function sessionOwner({ origin, host, fetchSite }: RequestHead): string {
  const own = host?.toLowerCase();
  if (origin === undefined || (own !== undefined && origin.endsWith(`://${own}`))) {
    if (fetchSite === 'same-origin' && own !== undefined) return `self ${own}`;
    if (origin === undefined || fetchSite === undefined) return NATIVE;
  }
  return origin;
}

/** Compares texts of one length without telling by the time where they differ. */
function isEqual(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < other.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}

function base64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const group = (a << 16) | (b << 8) | c;
    for (let shift = 18; shift >= 0; shift -= 6) text += BASE64URL[(group >> shift) & 63];
  }
  return text.slice(0, Math.ceil((bytes.length * 4) / 3));
}
