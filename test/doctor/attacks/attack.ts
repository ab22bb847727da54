import { onTestFinished } from 'vitest';
import {
  type AttackOptions,
  type AttackResult,
  runAttacks,
} from '../../../packages/mcp-cors/src/doctor/attacks/index.js';
import { reach } from '../../../packages/mcp-cors/src/doctor/reach.js';
import { createTransport, type WireExchange } from '../../../packages/mcp-cors/src/doctor/transport.js';

export const PAGE = 'https://app.example.com';

/** What the attacks found, and what they sent over the transport. */
export interface Attacked extends AttackResult {
  readonly exchanges: readonly WireExchange[];
  /** Findings that are more than worth knowing, with their severities. */
  readonly grave: Readonly<Record<string, string>>;
  readonly infos: readonly string[];
}

/** Attacks a server that lives as long as the test. */
export async function attack(
  url: string,
  options: Partial<Omit<AttackOptions, 'target' | 'send'>> = {},
): Promise<Attacked> {
  const transport = createTransport({ timeoutMs: 5_000 });
  onTestFinished(() => transport.close());
  const { origins = [PAGE], headers = [] } = options;
  const target = await reach(url, transport, headers);
  const before = transport.exchanges.length;
  const result = await runAttacks({
    totalMs: 60_000,
    ...options,
    origins,
    headers,
    target,
    send: transport.send,
  });
  const grave = result.findings.filter(({ severity }) => severity !== 'info');
  return {
    ...result,
    exchanges: transport.exchanges.slice(before),
    grave: Object.fromEntries(grave.map(({ id, severity }) => [id, severity])),
    infos: result.findings.filter(({ severity }) => severity === 'info').map(({ id }) => id),
  };
}
