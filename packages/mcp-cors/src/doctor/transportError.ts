/** Ways in which a server cannot be reached, and what to do about each. */
const CAUSES = {
  'host-unknown': 'Check the spelling of the host, and that this machine can resolve it.',
  'connection-refused': 'Nothing listens there: check the port, and that the server runs.',
  'no-route': 'This machine has no way to that address: check the network, a VPN, a firewall.',
  'connection-closed': 'The server hung up without an answer: check its log, and whether it expects https.',
  'time-out':
    'The server took the connection and did not answer in time: check its log, or give it longer with --timeout.',
  'tls-expired': 'Renew the certificate: no browser accepts it either.',
  'tls-not-yet-valid': 'Check the clocks: the certificate begins in the future.',
  'tls-self-signed':
    'Browsers refuse it too, unless it is trusted on that machine. For a test, name its file in NODE_EXTRA_CA_CERTS.',
  'tls-wrong-name':
    'The certificate is for another host: use a name that it lists, or one that lists this name.',
  'tls-untrusted':
    'The chain does not end at a known authority; often the intermediate certificate is not sent. For a private authority, name its file in NODE_EXTRA_CA_CERTS.',
  'tls-not-spoken': 'The port answers, but not with TLS: try http:// in place of https://.',
  'tls-failed': 'Client and server agreed on no TLS: check the protocol versions and ciphers of the server.',
  'not-http': 'Something answers there, but not with HTTP/1.1: check the port, and whether it expects https.',
  'request-not-possible': 'The request cannot be written as HTTP: check the values of --header.',
} as const;

/** Why there was no answer. */
export type TransportFault = keyof typeof CAUSES;

/** Every {@link TransportFault}. */
export const TRANSPORT_FAULTS = Object.freeze(Object.keys(CAUSES) as TransportFault[]);

/** A request that got no answer. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly fault: TransportFault;
  /** What to do about it. */
  readonly hint: string;

  constructor(fault: TransportFault, message: string) {
    super(message);
    this.fault = fault;
    this.hint = CAUSES[fault];
  }
}

type Rule = readonly [codes: RegExp, fault: TransportFault, sentence: (host: string) => string];

/** By the codes of Node and of OpenSSL; the first that matches. */
const RULES: readonly Rule[] = [
  [/^(?:ENOTFOUND|EAI_|ENODATA)/, 'host-unknown', (host) => `the host ${host} is unknown`],
  [/^ECONNREFUSED$/, 'connection-refused', (host) => `${host} refuses the connection`],
  [/^(?:EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/, 'no-route', (host) => `${host} cannot be reached`],
  [/^ETIMEDOUT$/, 'time-out', (host) => `${host} did not take the connection in time`],
  [/^CERT_HAS_EXPIRED$/, 'tls-expired', (host) => `the certificate of ${host} has expired`],
  [/^CERT_NOT_YET_VALID$/, 'tls-not-yet-valid', (host) => `the certificate of ${host} is not valid yet`],
  [
    /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/,
    'tls-self-signed',
    (host) => `the certificate of ${host} is self-signed`,
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'tls-wrong-name',
    (host) => `the certificate that answers for ${host} names other hosts`,
  ],
  [
    /^(?:UNABLE_TO_|CERT_UNTRUSTED|INVALID_CA)/,
    'tls-untrusted',
    (host) => `the certificate of ${host} is from an authority that is not known here`,
  ],
  [
    /^(?:EPROTO.*(?:wrong version|packet length|http request)|ERR_SSL_(?:WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST))/i,
    'tls-not-spoken',
    (host) => `${host} does not speak TLS at that port`,
  ],
  [/^(?:EPROTO|ERR_SSL_|ERR_TLS_)/, 'tls-failed', (host) => `no TLS connection to ${host} came about`],
  [/^HPE_/, 'not-http', (host) => `${host} does not answer with HTTP`],
  [
    /^(?:ERR_INVALID_CHAR|ERR_INVALID_HTTP_TOKEN|ERR_UNESCAPED_CHARACTERS)$/,
    'request-not-possible',
    () => 'the request holds a character that HTTP cannot carry',
  ],
  [/^/, 'connection-closed', (host) => `${host} closed the connection without an answer`],
];

/** Names what kept a request from its answer. What Node reports goes into the message. */
export function toTransportError(error: unknown, host: string): TransportError {
  if (error instanceof TransportError) return error;
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  const told = code === 'EPROTO' ? `${code} ${message}` : code;
  const [, fault, sentence] = RULES.find(([codes]) => codes.test(told)) as Rule;
  return new TransportError(fault, `${sentence(host)}${code === '' ? '' : ` (${code})`}`);
}
