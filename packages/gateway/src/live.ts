import { type Balance, createBalance } from './balance.js';
import { type GatewayConfig, type GatewaySettings, readGatewayConfigGradually } from './config/config.js';
import type { Route } from './config/routes.js';
import { type Connections, createClients, createConnections } from './connections.js';
import { GatewayConfigError, type GatewayIssue } from './errors.js';

/** What a request is served with, from its head to its end. */
export interface Service {
  readonly settings: GatewaySettings;
  readonly connections: Connections;
  /** Whose turn it is, of routes that lead to several upstreams. */
  readonly balances: ReadonlyMap<Route, Balance>;
}

/** A service that can be replaced while it serves. */
export interface LiveService {
  /** What serves a request that comes now. */
  readonly current: Service;
  /**
   * Puts another configuration in place of the current one, at once and whole; requests under way keep what they began
   * with. Reloads happen one after the other.
   * @throws {GatewayConfigError} with every issue; the current configuration then stays.
   */
  reload(config: GatewayConfig): Promise<void>;
  /** Takes nothing over any more, what is being read included. */
  freeze(): void;
  /** Closes all connections to upstreams at once, those of earlier configurations included. */
  destroy(): Promise<void>;
}

/** Makes a service. `check` finds what cannot be known from a configuration alone, `onReplace` hears of each new one. */
export function createLiveService(
  first: GatewaySettings,
  check: (settings: GatewaySettings) => readonly GatewayIssue[] | Promise<readonly GatewayIssue[]>,
  onReplace: (settings: GatewaySettings) => void = () => {},
): LiveService {
  const clients = createClients();
  const serve = (settings: GatewaySettings): Service => ({
    settings,
    connections: createConnections(settings.limits, clients),
    balances: new Map(
      settings.routes.flatMap((route) =>
        route.replicas === undefined ? [] : [[route, createBalance(route.replicas)] as const],
      ),
    ),
  });
  let current = serve(first);
  let last: Promise<void> = Promise.resolve();
  let frozen = false;

  async function replace(config: GatewayConfig): Promise<void> {
    const settings = await readGatewayConfigGradually(config, createPause());
    if (frozen) return;
    const issues = [...lastingIssues(first, settings), ...(await check(settings))];
    if (frozen) return;
    if (issues.length > 0) throw new GatewayConfigError(issues);
    const previous = current;
    current = serve(settings);
    previous.connections.retire();
    onReplace(settings);
  }

  return {
    get current() {
      return current;
    },
    reload(config) {
      const reloaded = last.then(() => replace(config));
      last = reloaded.catch(() => {}); // a bad configuration does not keep the next one out
      return reloaded;
    },
    freeze() {
      frozen = true;
    },
    destroy: () => clients.destroy(),
  };
}

/** How long requests may have to wait for a reload that is under way. */
const PART_MS = 2;

/** Lets everything else have its turn whenever the work between two pauses has taken that long. */
function createPause(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < PART_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        began = performance.now();
        resolve();
      }),
    );
  };
}

/** What a gateway that serves cannot change any more. */
const LASTING: readonly {
  readonly path: string;
  readonly code: string;
  readonly what: string;
  readonly of: (settings: GatewaySettings) => unknown;
}[] = [
  {
    path: 'listen',
    code: 'listen-changed',
    what: 'what the gateway listens on',
    of: ({ host, port }) => [host, port],
  },
  {
    path: 'tls',
    code: 'tls-changed',
    what: 'whether the gateway serves https',
    of: ({ tls }) => tls === undefined,
  },
  { path: 'audit', code: 'audit-changed', what: 'the audit', of: ({ audit }) => audit },
  { path: 'metrics', code: 'metrics-changed', what: 'the admin listener', of: ({ metrics }) => metrics },
];

function lastingIssues(first: GatewaySettings, next: GatewaySettings): readonly GatewayIssue[] {
  return LASTING.filter(({ of }) => JSON.stringify(of(first)) !== JSON.stringify(of(next))).map(
    ({ path, code, what }) => ({
      code,
      path,
      message: `${what} cannot change while the gateway runs`,
      remedy: `Restart the gateway, or set ${path} back`,
    }),
  );
}
