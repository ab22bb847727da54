/** How private an address is. @see https://wicg.github.io/local-network-access/#ip-address-space-section */
export const ADDRESS_SPACES = ['loopback', 'local', 'public'] as const;
export type AddressSpace = (typeof ADDRESS_SPACES)[number];

/**
 * The address space of a host by its name. A browser goes by the address that it connects to: a name that resolves to
 * a private address is `public` here.
 * @param host As in a URL: lower case, IPv6 in brackets.
 */
export function addressSpaceOf(host: string): AddressSpace {
  if (isLoopbackHost(host)) return 'loopback';
  if (host.endsWith('.local')) return 'local';
  return LOCAL_ADDRESS.test(host) ? 'local' : 'public';
}

/** The address space of a page. One of an extension, or of an application by a scheme of its own, comes from this machine, as Chromium has it. */
export function pageAddressSpace({
  protocol,
  hostname,
}: {
  readonly protocol: string;
  readonly hostname: string;
}): AddressSpace {
  return isWebScheme(protocol) ? addressSpaceOf(hostname) : 'loopback';
}

/** Whether pages of a scheme come from the web. */
export function isWebScheme(protocol: string): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** Whether a host is loopback in every resolver (RFC 6761 section 6.3). */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || IPV4_LOOPBACK.test(host);
}

const IPV4_LOOPBACK = /^127(?:\.[0-9]{1,3}){3}$/;
/** RFC 1918, RFC 3927, RFC 6598, RFC 4193 and RFC 4291 section 2.5.6. */
const LOCAL_ADDRESS =
  /^(?:10(?:\.[0-9]{1,3}){3}|192\.168(?:\.[0-9]{1,3}){2}|172\.(?:1[6-9]|2[0-9]|3[01])(?:\.[0-9]{1,3}){2}|169\.254(?:\.[0-9]{1,3}){2}|100\.(?:6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])(?:\.[0-9]{1,3}){2}|\[f[cd][0-9a-f]{2}:.*\]|\[fe[89ab][0-9a-f]:.*\])$/;

/** Whether a request goes from a page to a more private address than the page's own. */
export function isLocalNetworkRequest(page: AddressSpace, target: AddressSpace): boolean {
  return ADDRESS_SPACES.indexOf(target) < ADDRESS_SPACES.indexOf(page);
}
