import { createEndpointAddressRewriter } from 'mcp-cors/carrier';
import { locate, locateOwn, type Place } from './address.js';
import { GATEWAY_FAULTS, type GatewayFault } from './errors.js';

/** Puts the public address into the `endpoint` event of a stream. */
export interface EndpointMending {
  /** Takes the upstream's next bytes, and gives those that may go on. */
  push(bytes: Uint8Array): Uint8Array;
  /** Gives what was held back, when the upstream ends. */
  flush(): Uint8Array;
  /** Whether everything passes as it is from now on. */
  readonly done: boolean;
  /** Whether what was given last is to be the end, since the address is none that a client may be sent to. */
  readonly refused: boolean;
}

/**
 * Makes what mends one stream. Clients of HTTP+SSE send all their messages, and their tokens, to the address in that event, so
 * it may lead nowhere but through the gateway to the same upstream: an address that names another server ends the stream.
 */
export function createEndpointMending(
  place: () => Place,
  onFault: (fault: GatewayFault) => void,
): EndpointMending {
  let fault: GatewayFault | undefined;
  const rewriter = createEndpointAddressRewriter((address) => {
    const located = locateEndpoint(address, place());
    if (typeof located === 'object') return located.found;
    fault = located === 'foreign' ? 'endpoint-foreign' : 'endpoint-unreachable';
    return undefined;
  });
  return {
    get done() {
      return rewriter.done;
    },
    get refused() {
      return fault !== undefined;
    },
    push(bytes) {
      const ready = rewriter.push(bytes);
      if (fault === undefined) return ready;
      onFault(fault);
      return refusal(fault);
    },
    flush: () => rewriter.flush(),
  };
}

/** Finds the address. A server does not know its public name, but one that no client could reach must be its own. */
function locateEndpoint(address: string, place: Place): ReturnType<typeof locate> {
  const located = locate(address, place);
  if (located !== 'foreign' || !URL.canParse(address) || !isPrivateName(new URL(address))) return located;
  return locateOwn(address, place);
}

/** Names and addresses that mean something only inside the network of a server (RFC 6761, RFC 6762, RFC 8375, RFC 1918). */
const PRIVATE_NAMES =
  /^(?:[^.]+|(?:.+\.)?(?:internal|local|localhost|lan|svc|cluster\.local|home\.arpa)|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+)$/;

function isPrivateName({ protocol, hostname, username, password }: URL): boolean {
  if ((protocol !== 'http:' && protocol !== 'https:') || username !== '' || password !== '') return false;
  return PRIVATE_NAMES.test(hostname) || hostname === '[::1]' || /^\[f[cd]/.test(hostname);
}

/** What a client reads in place of the event: an error that ends its attempt to connect, and says why. */
function refusal(reason: GatewayFault): Buffer {
  const { message } = GATEWAY_FAULTS[reason];
  const error = { jsonrpc: '2.0', error: { code: -32000, message, data: { reason } } };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(error)}\n\n`);
}
