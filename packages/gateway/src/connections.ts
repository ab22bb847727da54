import { buildConnector, Client, type Dispatcher } from 'undici';
import type { Limits } from './config/limits.js';

/** A connection to an upstream that carries one exchange at a time. */
export interface Connection {
  /** Sends a request; what comes of it is told to the handler. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
  /** Says that the exchange is whole, so that the connection may carry another. */
  release(): void;
  /** Closes the connection at once, whatever it carries. */
  destroy(): void;
}

/** The connections to all upstreams of one configuration. */
export interface Connections {
  /** A connection to an origin that carries nothing else: the one used last, or a new one. */
  take(origin: string): Connection;
  /** Closes connections that carry nothing, and every other once its exchange is whole. */
  retire(): void;
}

/** Every connection of a gateway, whichever configuration it was opened for. */
export interface Clients {
  add(client: Client): void;
  /** Closes a connection at once. */
  discard(client: Client): void;
  /** Closes every connection, those that carry something included. */
  destroy(): Promise<void>;
}

/** Why an exchange is broken off that nobody wants any more. One for all: an error is dear, for the stack that it notes. */
export const NOBODY_WAITS: Error = Object.freeze(new Error('nobody waits for the answer'));

/** Makes the register of a gateway's connections. */
export function createClients(): Clients {
  const all = new Set<Client>();
  function discard(client: Client): Promise<void> {
    all.delete(client);
    return client.destroy(NOBODY_WAITS);
  }
  return {
    add: (client) => void all.add(client),
    discard: (client) => void discard(client),
    async destroy() {
      await Promise.all([...all].map(discard));
    },
  };
}

/** An upstream, and the connections to it that carry nothing. */
interface Upstream {
  readonly url: URL;
  readonly waiting: Connection[];
}

/**
 * Keeps connections to upstreams. The client library's own pool would look through all connections for each request,
 * and open a new one, with nothing to carry, for each request that is given up.
 */
export function createConnections(
  { connectTimeoutMs, headersTimeoutMs }: Limits,
  clients: Clients,
): Connections {
  const upstreams = new Map<string, Upstream>();
  const connect = buildConnector({ timeout: connectTimeoutMs }); // one for all: thousands of streams may be open
  let retired = false;

  function create({ url, waiting }: Upstream): Connection {
    const client = new Client(url, {
      connect,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: 0, // a silent stream is not a dead one; other bodies are timed where they are read
    });
    clients.add(client);
    client.on('disconnect', () => {
      const i = waiting.indexOf(connection);
      if (i === -1) return; // it carries something, and will be released or destroyed
      waiting.splice(i, 1);
      clients.discard(client);
    });
    const connection: Connection = {
      dispatch: (options, handler) => void client.dispatch(options, handler),
      release() {
        if (retired) clients.discard(client);
        else waiting.push(connection);
      },
      destroy: () => clients.discard(client),
    };
    return connection;
  }

  return {
    take(origin) {
      const upstream = upstreams.get(origin) ?? { url: new URL(origin), waiting: [] };
      upstreams.set(origin, upstream);
      return upstream.waiting.pop() ?? create(upstream);
    },
    retire() {
      retired = true;
      for (const { waiting } of upstreams.values())
        for (const connection of waiting.splice(0)) connection.destroy();
    },
  };
}
