import { afterAll, describe, expect, test } from 'vitest';
import { createHonoCarrier } from './hono.js';
import { runVectors } from './runner.js';
import { loadVectors } from './vectors.js';

runVectors(createHonoCarrier());

describe('hono: what the server refuses before the application hears of it', () => {
  const carrier = createHonoCarrier();
  afterAll(() => carrier.close());
  const refused = loadVectors().flatMap(({ vectors }) =>
    vectors.filter(({ except }) => except.hono?.startsWith('@hono/node-server refuses')),
  );

  test.each(refused)('$file: $name', async ({ policy, request }) => {
    const { status, reached, lines } = await carrier.answer(policy, request);
    expect({ status, reached }).toEqual({ status: 400, reached: 0 });
    expect(lines.filter(([name]) => /^access-control-/i.test(name))).toEqual([]);
  });

  test('are a few', () => expect(refused.length).toBeGreaterThanOrEqual(20));
});
