import { join } from 'node:path';
import { createDirectory } from 'mcp-cors';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createFolder } from '../../../test/cli/command.js';
import { auditLines } from '../../../test/gateway/auditLines.js';
import { eventually, FOREIGN_PAGE, send } from '../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream } from '../../../test/gateway/upstream.js';
import { createReport, guardListener } from './listeners.js';

/** Starts a gateway that listens to everything, and notes what it warns of and what would end the process. */
async function startListened(setting: Setting) {
  const warnings: string[] = [];
  const file = join(createFolder(), 'audit.ndjson');
  const upstream = await startUpstream((_, response) => response.end('ok'));
  const gateway = await startTestGateway(upstream, {
    audit: { file },
    onWarning: (message) => warnings.push(message),
    ...setting,
  });
  return { url: gateway.url, warnings, file };
}

/** What would have ended the process. */
function noteCrashes(): unknown[] {
  const crashes: unknown[] = [];
  const note = (error: unknown): void => void crashes.push(error);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note);
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.off('uncaughtException', note);
    process.off('unhandledRejection', note);
    for (const other of others) process.on('uncaughtException', other);
  });
  return crashes;
}

const fails = (): never => {
  throw new Error('the listener is broken');
};
const rejects = (): Promise<never> => Promise.reject(new Error('the listener is broken'));

describe('a listener that fails', () => {
  const failing: readonly (readonly [string, Setting, string])[] = [
    ['onDecision throws', { onDecision: fails }, 'onDecision'],
    ['onDecision rejects', { onDecision: rejects as never }, 'onDecision'],
    ['onExchange throws', { onExchange: fails }, 'onExchange'],
    ['onExchange rejects', { onExchange: rejects as never }, 'onExchange'],
  ];
  const origins: readonly (readonly [string, () => Setting])[] = [
    ['a list', () => ({})],
    [
      'a directory that answers late',
      () => ({
        policy: {
          origins: [
            createDirectory({
              lookup: (origin) => new Promise((resolve) => setTimeout(resolve, 20, origin !== FOREIGN_PAGE)),
            }),
          ],
        },
      }),
    ],
  ];
  const cases = failing.flatMap(([name, setting, listener]) =>
    origins.map(
      ([kind, policy]) => [`${name}, with ${kind}`, { ...setting, ...policy() }, listener] as const,
    ),
  );

  it.each(cases)('ends neither request nor process, and loses no audit: %s', async (_, setting, listener) => {
    const crashes = noteCrashes();
    const { url, warnings, file } = await startListened(setting);
    expect((await send(url)).body.toString()).toBe('ok');
    expect((await send(url, { origin: FOREIGN_PAGE })).status).toBe(403);
    expect((await send(url)).status).toBe(200);
    expect((await auditLines(file, 3)).map(({ status }) => status)).toEqual([200, 403, 200]);
    await eventually(() => expect(warnings).toEqual([`${listener} failed: the listener is broken`]));
    expect(crashes).toEqual([]);
  });

  it('is told of on standard error where nobody takes warnings', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => void error.mockRestore());
    const { url } = await startListened({ onDecision: fails, onWarning: undefined });
    await send(url);
    expect(error.mock.calls).toEqual([['mcp-cors: onDecision failed: the listener is broken']]);
  });

  it('hears on', async () => {
    const heard: string[] = [];
    const { url } = await startListened({
      onDecision({ reason }) {
        heard.push(reason);
        fails();
      },
    });
    await send(url);
    await send(url, { origin: FOREIGN_PAGE });
    expect(heard).toEqual(['origin-allowed', 'origin-not-allowed']);
  });
});

describe('a limiter that fails where nobody listens to decisions', () => {
  it('is told of', async () => {
    const limiter = { consume: () => Promise.reject(new Error('the store is away')) };
    const { url, warnings, file } = await startListened({ limiter });
    expect((await send(url)).status).toBe(200);
    expect(warnings).toEqual(['requests cannot be counted: the store is away']);
    expect(await auditLines(file, 1)).toMatchObject([{ limiterError: 'the store is away', level: 'warn' }]);
  });
});

describe('a report', () => {
  it('is made once a minute, and counts', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const told: string[] = [];
    const report = createReport((message) => told.push(message));
    for (let i = 0; i < 5; i++) report('it failed');
    vi.advanceTimersByTime(60_000);
    report('it failed');
    expect(told).toEqual(['it failed', 'it failed (and 4 times before)']);
  });

  it.each([
    ['a text', 'text', 'text'],
    ['nothing', undefined, 'undefined'],
    ['what cannot be shown', Object.create(null), 'it threw something that cannot be shown'],
  ])('tells of a listener that throws %s', (_, thrown, shown) => {
    const told: string[] = [];
    const listen = guardListener(
      'onX',
      () => {
        throw thrown;
      },
      (message) => told.push(message),
    );
    listen(1);
    expect(told).toEqual([`onX failed: ${shown}`]);
  });
});
