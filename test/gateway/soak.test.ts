import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const SOAK = fileURLToPath(new URL('../../tools/soak.mjs', import.meta.url));

interface Holdings {
  readonly heapMb: number;
  readonly handles: number;
  readonly sockets: number;
}

/** What tools/soak.mjs reports. */
interface Report {
  readonly requests: number;
  readonly restarts: number;
  readonly reloads: number;
  readonly atStart: Holdings;
  readonly atEnd: Holdings;
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly unexpected: readonly string[];
}

async function soak(...args: readonly string[]): Promise<Report> {
  const child = spawn(process.execPath, [SOAK, '--format', 'json', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let written = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    written += part;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(written) as Report;
}

function sum(counts: Readonly<Record<string, number>> = {}): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

describe('under load, the gateway', () => {
  it('outlives ten thousand requests of which many are given up, and keeps nothing of them', async () => {
    const report = await soak('--aborts', '--requests', '10000', '--seed', '5');
    expect(report.unexpected).toEqual([]);
    expect(report.requests).toBeGreaterThanOrEqual(10_000);
    expect(sum(report.outcomes['request, given up'])).toBeGreaterThan(1_000);
    expect(report.outcomes['JSON answer']).toEqual({ '200': expect.any(Number) });
    expect(report.atEnd.sockets).toBe(0);
    expect(report.atEnd.handles).toBeLessThanOrEqual(report.atStart.handles);
  }, 600_000);

  it('outlives restarts of the server, other configurations, and every fault at once', async () => {
    const report = await soak('--minutes', '0.33', '--seed', '7');
    expect(report.unexpected).toEqual([]);
    expect(report.restarts).toBeGreaterThan(0);
    expect(report.reloads).toBeGreaterThan(0);
    expect(report.atEnd.sockets).toBe(0);
  }, 600_000);
});
