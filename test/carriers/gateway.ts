import { type GatewayConfig, startGateway } from '@mcp-cors/gateway';
import type { StaticPolicyConfig } from 'mcp-cors';
import { writeCertificate } from '../gateway/certificate.js';
import type { Application } from './application.js';
import { type Carrier, createSocketCarrier, listen, type Served } from './carriers.js';
import { exchangeHttp2 } from './http2.js';

/** A gateway in front of the application, which is a server of its own. */
export function createGatewayCarrier(): Carrier {
  return createSocketCarrier('gateway', (policy, application) => serve(policy, application));
}

/**
 * The same over HTTP/2 and TLS. Vectors are about http, and so a trusted proxy, which the client is taken for, says that it
 * was http before it.
 */
export function createGatewayHttp2Carrier(): Carrier {
  const { files, certificate, remove } = writeCertificate();
  const tls = { ca: certificate.cert, servername: 'localhost', ALPNProtocols: ['h2'] };
  const carrier = createSocketCarrier(
    'http2',
    (policy, application) => serve(policy, application, { tls: files, trustProxy: ['loopback'] }),
    (port, method, target, lines) => exchangeHttp2({ port, tls }, method, target, lines),
  );
  return {
    ...carrier,
    shownLike: ['http2', 'gateway'],
    async close() {
      await carrier.close();
      remove();
    },
  };
}

async function serve(
  policy: StaticPolicyConfig,
  { listener }: Application,
  edge: Pick<GatewayConfig, 'tls' | 'trustProxy'> = {},
): Promise<Served> {
  const upstream = await listen(listener);
  const gateway = await startGateway(
    {
      listen: '127.0.0.1:0',
      ...edge,
      policy,
      routes: [{ path: '/', upstream: `http://127.0.0.1:${upstream.port}` }],
      limits: { rates: 'off' },
    },
    { requestId: false }, // vectors say what a policy's headers are, and nothing else
  );
  return {
    port: Number(new URL(gateway.url).port),
    close: async () => {
      await gateway.close();
      await upstream.close();
    },
  };
}
