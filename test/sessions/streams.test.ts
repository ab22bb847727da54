import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Example, startExample } from './example.js';

const ROUNDS = 1_000;
/** How many streams are open at a time. */
const AT_ONCE = 20;
/** What all of them may leave on the heap. One that is open holds some 40 kB. */
const MAX_GROWTH_BYTES = 1_000_000;

let example: Example;
beforeEach(async () => {
  example = await startExample();
});
afterEach(() => example.close());

/** Opens a stream as a page, and gives it when its first event has come. */
async function openStream(origin: string): Promise<{ readonly endpoint: string; close(): Promise<unknown> }> {
  const asking = request(`${example.server}/sse`, { headers: { Origin: origin }, agent: false }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const [bytes] = (await once(response, 'data')) as [Buffer];
  const endpoint = /^data: (\S+)$/m.exec(bytes.toString())?.[1] ?? '';
  // The client breaks off, and its own side calls that an error.
  asking.on('error', () => {});
  response.on('error', () => {});
  return {
    endpoint,
    close: () =>
      new Promise((resolve) => {
        response.once('close', resolve);
        asking.destroy();
      }),
  };
}

describe('streams that come and go', () => {
  it(`${ROUNDS} of them leave nothing behind`, async () => {
    const run = async (streams: number): Promise<Set<string>> => {
      const endpoints = new Set<string>();
      for (let opened = 0; opened < streams; opened += AT_ONCE) {
        const open = await Promise.all(
          Array.from({ length: AT_ONCE }, (_, n) => openStream(example.pages[n % 2 === 0 ? 0 : 1])),
        );
        for (const { endpoint } of open) endpoints.add(endpoint);
        await Promise.all(open.map((stream) => stream.close()));
      }
      await expect.poll(() => example.sessions(), { timeout: 20_000 }).toBe(0);
      return endpoints;
    };
    const idle = (await example.holdings()).resources;
    await run(ROUNDS); // what is compiled, cached and pooled once
    const before = await example.holdings();
    expect((await run(ROUNDS)).size).toBe(ROUNDS);
    await expect.poll(async () => (await example.holdings()).resources, { timeout: 20_000 }).toEqual(idle);
    const after = await example.holdings();
    const growth = after.heapBytes - before.heapBytes;
    process.stdout.write(`heap: ${before.heapBytes} bytes before, ${growth} more after ${ROUNDS} streams\n`);
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    expect(after.listeners).toBe(before.listeners);
    expect(after.warnings).toEqual([]);
  });
});
