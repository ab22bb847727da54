import type { Place } from '../address.js';
import { publicAddress } from './metadata.js';

/** The parameter of a challenge that names the metadata of the resource (RFC 9728 section 5.1). */
const RESOURCE_METADATA = /(\bresource_metadata\s{0,8}=\s{0,8}")([^"\\]{1,4096})(")/gi;

/** A challenge with the address of the metadata in its public form; everything else stays as it is. */
export function rewriteChallenge(challenge: string, place: Place): string {
  return challenge.replace(
    RESOURCE_METADATA,
    (_, before: string, address: string, after: string) =>
      `${before}${publicAddress(address, place) ?? address}${after}`,
  );
}
