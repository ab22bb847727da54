import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:tls';
import type { GatewaySettings } from '../config/config.js';
import { GatewayConfigError, type GatewayIssue } from '../errors.js';
import { type Certificate, MIN_TLS_VERSION } from './certificate.js';
import {
  type CertificateEvent,
  type CertificateKeeper,
  keepCertificate,
  type Loaded,
  loadTls,
} from './keeper.js';
import type { LocalAuthority } from './localAuthority.js';

/** The certificate of a gateway, from its start through its reloads to its end. Does nothing for one that serves http. */
export interface TlsEdge {
  /** What to start with. */
  readonly certificate: Certificate | undefined;
  readonly authority: LocalAuthority | undefined;
  /** Keeps the certificate of a server that listens up to date. */
  serve(server: Server): void;
  /** Loads what another configuration asks for, and tells what is wrong with it. */
  prepare(settings: GatewaySettings): Promise<readonly GatewayIssue[]>;
  /** Serves with what was loaded last. */
  replace(): void;
  stop(): void;
}

/**
 * Loads the certificate that a configuration asks for.
 * @throws {GatewayConfigError} when there is none that can be served with.
 */
export async function createTlsEdge(
  settings: GatewaySettings,
  tell: (event: CertificateEvent) => void = () => {},
): Promise<TlsEdge> {
  const first = await load(settings);
  let next: Loaded | undefined;
  let keeper: CertificateKeeper | undefined;
  return {
    certificate: first?.certificate,
    authority: first?.authority,
    serve(server) {
      if (first === undefined) return;
      const tls = server as unknown as TlsServer;
      const apply = ({ cert, key }: Certificate): void =>
        tls.setSecureContext({ cert, key, minVersion: MIN_TLS_VERSION });
      keeper = keepCertificate(first, { apply, tell });
    },
    async prepare(settings) {
      try {
        next = await load(settings);
        return [];
      } catch (error) {
        if (error instanceof GatewayConfigError) return error.issues;
        throw error;
      }
    },
    replace() {
      if (next !== undefined) keeper?.use(next);
    },
    stop: () => keeper?.stop(),
  };
}

async function load({ tls, policy, routes }: GatewaySettings): Promise<Loaded | undefined> {
  if (tls === undefined) return undefined;
  const policies = [policy, ...routes.map((route) => route.policy)];
  const hosts = policies.flatMap(({ settings }) => (settings.hosts ?? []).map(({ text }) => text));
  return loadTls({ tls, hosts });
}
