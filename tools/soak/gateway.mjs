// The gateway of a soak, in a process of its own that tells what it holds on to.
import { setTimeout as delay } from 'node:timers/promises';
import { startGateway } from '@mcp-cors/gateway';

const [, , origin, upstream, closedPort] = process.argv;

const configOf = (generation) => ({
  listen: '127.0.0.1:0',
  policy: { origins: [origin, `https://generation-${generation}.example.com`] },
  routes: [
    { path: '/', upstream },
    { path: '/refused', upstream: `http://127.0.0.1:${closedPort}` },
  ],
  limits: { headersTimeoutMs: 4_000, bodyTimeoutMs: 4_000, shutdownTimeoutMs: 1_000, rates: 'off' },
});

const gateway = await startGateway(configOf(0));
let generation = 0;

const TOLD = {
  /** What is held when garbage is gone. Sockets and servers count; timers come and go. */
  async holdings() {
    for (let i = 0; i < 3; i++) {
      globalThis.gc();
      await delay(20);
    }
    const resources = process.getActiveResourcesInfo();
    return {
      heapMb: process.memoryUsage().heapUsed / 1e6,
      handles: resources.filter((kind) => !kind.endsWith('Timeout') && kind !== 'Immediate').length,
      sockets: resources.filter((kind) => kind === 'TCPSocketWrap').length,
      cpuSeconds: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
    };
  },
  async reload() {
    await gateway.reload(configOf(++generation));
    return {};
  },
  async close() {
    await gateway.close();
    process.disconnect();
    return undefined;
  },
};

process.on('message', async (name) => {
  const told = await TOLD[name]();
  if (told !== undefined) process.send(told);
});
process.send({ url: gateway.url });
