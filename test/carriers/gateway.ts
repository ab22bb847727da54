import { startGateway } from '@mcp-cors/gateway';
import { type Carrier, createSocketCarrier, listen } from './carriers.js';

/** A gateway in front of the application, which is a server of its own. */
export function createGatewayCarrier(): Carrier {
  return createSocketCarrier('gateway', async (policy, { listener }) => {
    const upstream = await listen(listener);
    const gateway = await startGateway(
      {
        listen: '127.0.0.1:0',
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
  });
}
