import { isOwnOrigin, type Place, publicPath } from '../address.js';
import type { GatewayFault } from '../errors.js';
import { publicMetadataPath, publicRootedPath } from './wellKnown.js';

/** Members whose values are addresses; others may look like one, as scopes do, and mean no place (RFC 8414, RFC 9728, OpenID Connect). */
const IS_ADDRESS =
  /^(?:issuer|resource|authorization_servers|(?:op|service|resource)_documentation|.+_(?:endpoint|uri))$/;

type Document = Readonly<Record<string, unknown>>;

/**
 * The bytes of a metadata document with the upstream's own addresses in their public form; undefined when they stay as they
 * are. Metadata of an authorization server is rewritten only where the issuer is the upstream itself.
 */
export function rewriteMetadata(
  body: Buffer,
  place: Place,
  onFault: (fault: GatewayFault) => void,
): Buffer | undefined {
  const document = parseObject(body);
  if (document === undefined || place.publicOrigin === undefined) return undefined;
  const subject = document.resource ?? document.issuer;
  if (typeof subject !== 'string' || publicAddress(subject, place) === undefined) return undefined;
  if ('signed_metadata' in document) {
    onFault('metadata-signed');
    return undefined;
  }
  return Buffer.from(JSON.stringify(rewriteMembers(document, place)));
}

function rewriteMembers(document: Document, place: Place): Document {
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => {
      if (name === 'mtls_endpoint_aliases' && isObject(value)) return [name, rewriteMembers(value, place)];
      return [name, IS_ADDRESS.test(name) ? rewriteValue(value, place) : value];
    }),
  );
}

function rewriteValue(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) return value.map((item) => rewriteValue(item, place));
  return typeof value === 'string' ? (publicAddress(value, place) ?? value) : value;
}

/** The public form of an absolute address of the upstream's; undefined when it is another's, or no route leads there. */
export function publicAddress(address: string, place: Place): string | undefined {
  if (place.publicOrigin === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (!isOwnOrigin(url, place) || url.username !== '' || url.password !== '') return undefined;
  const { pathname } = url;
  const path =
    publicMetadataPath(pathname, place) ?? publicPath(pathname, place) ?? publicRootedPath(pathname, place);
  if (path === undefined) return undefined;
  // An issuer is compared character by character: one without a slash at its end must not get one.
  const bare = pathname === '/' && !/^[^:]*:\/\/[^/?#]*\//.test(address);
  return `${place.publicOrigin}${bare && path.endsWith('/') ? path.slice(0, -1) : path}${url.search}${url.hash}`;
}

function parseObject(body: Buffer): Document | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
