import {
  type AuditConfig,
  type Gateway,
  type GatewayConfig,
  type GatewayOptions,
  type LimitsConfig,
  type MetricsConfig,
  type RouteConfig,
  startGateway,
} from '@mcp-cors/gateway';
import type { PolicyConfig } from 'mcp-cors';
import { onTestFinished } from 'vitest';
import type { Certificate } from '../carriers/http2Certificate.js';
import { type CertificateFiles, writeCertificate } from './certificate.js';
import { PAGE } from './client.js';

/** What differs from the plainest gateway. */
export interface Setting extends GatewayOptions {
  readonly policy?: Partial<PolicyConfig>;
  readonly routes?: readonly RouteConfig[];
  readonly limits?: LimitsConfig;
  readonly listen?: string;
  readonly publicUrl?: string;
  readonly audit?: AuditConfig;
  readonly metrics?: MetricsConfig;
  readonly tls?: GatewayConfig['tls'];
  readonly trustProxy?: GatewayConfig['trustProxy'];
}

/** A certificate in files, which live as long as the test. */
export function testCertificate(certificate?: Certificate): CertificateFiles {
  const written = writeCertificate(certificate);
  onTestFinished(written.remove);
  return written;
}

/** Starts a gateway for the allowed page in front of `/mcp` of an upstream; it lives as long as the test. */
export async function startTestGateway(
  upstream: { readonly url: string },
  {
    policy,
    routes,
    limits,
    listen = '127.0.0.1:0',
    publicUrl,
    audit,
    metrics,
    tls,
    trustProxy,
    ...listeners
  }: Setting = {},
): Promise<Gateway> {
  const config: GatewayConfig = {
    listen,
    publicUrl,
    tls,
    trustProxy,
    policy: { origins: [PAGE], ...policy },
    routes: routes ?? [{ path: '/', upstream: upstream.url }],
    limits: { shutdownTimeoutMs: 200, ...limits },
    audit,
    metrics,
  };
  const gateway = await startGateway(config, listeners);
  onTestFinished(() => gateway.close());
  return gateway;
}
