import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { createDirectory, createPolicy, PolicyConfigError } from 'mcp-cors';
import { createApp } from './app.js';
import { createAudit } from './audit.js';
import { createMcpEndpoint } from './endpoint.js';
import { createLimits } from './limits.js';
import { openOriginStore } from './originStore.js';
import { readSettings, SettingsError } from './settings.js';
import { shutDown } from './shutdown.js';

/** A no is asked about again soon, so that an origin that was just added does not wait long. */
const MAX_NEGATIVE_CACHE_MS = 5_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const [sealingKey = '', ...olderKeys] = settings.sessionSecrets;

  const store = await openOriginStore(settings.originsFile);
  const origins = createDirectory({
    lookup: store.has,
    ttlMs: settings.originsCacheMs,
    negativeTtlMs: Math.min(settings.originsCacheMs, MAX_NEGATIVE_CACHE_MS),
    onError: (error) => void process.stderr.write(`error: the allowlist cannot be read: ${String(error)}\n`),
  });
  const policy = createPolicy({
    origins,
    ...(settings.publicHosts === undefined ? {} : { hosts: settings.publicHosts }),
    sessions: { secret: [sealingKey, ...olderKeys] },
  });

  const audit = createAudit(settings.auditFile, sealingKey);
  const endpoint = createMcpEndpoint();
  let ending = false;
  const app = createApp({
    policy,
    carrier: {
      limiter: createLimits(settings.limits),
      onDecision: audit.record,
      trustProxy: settings.trustProxy,
    },
    endpoint,
    isEnding: () => ending,
  });

  const { headersTimeoutMs } = settings;
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: 2 * headersTimeoutMs,
      connectionsCheckingInterval: Math.ceil(headersTimeoutMs / 4),
      // Longer than a load balancer keeps its connections idle, so that it is never the server who hangs up.
      keepAliveTimeout: 75_000,
    },
    app,
  );

  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    await shutDown(server, endpoint, settings.shutdownTimeoutMs);
    audit.close();
    store.close();
    process.exit(0); // whatever a tool has left running
  };
  process.once('SIGTERM', () => void end());
  process.once('SIGINT', () => void end());

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(settings.port, settings.host, resolve);
  });
  const { address, family, port } = server.address() as AddressInfo;
  const name = family === 'IPv6' ? `[${address}]` : address;
  process.stderr.write(`listening on http://${name}:${port}/mcp\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = 2;
});

function describe(error: unknown): string {
  if (error instanceof SettingsError) return error.problems.map((problem) => `error: ${problem}`).join('\n');
  if (error instanceof PolicyConfigError) {
    return error.issues.map(({ message, remedy }) => `error: ${message}\nhint: ${remedy}`).join('\n');
  }
  return `error: ${error instanceof Error ? error.message : String(error)}`;
}
