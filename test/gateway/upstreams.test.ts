import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PAGE } from './client.js';
import { startTestGateway } from './gateway.js';
import { type Served, UPSTREAMS } from './upstreams/upstreams.js';
import { visit } from './upstreams/visit.js';

describe.each(Object.entries(UPSTREAMS))('%s', (_, upstream) => {
  let served: Served;
  beforeAll(async () => {
    served = await upstream.start();
  });
  afterAll(() => served?.close());

  test.each(upstream.ways)(
    'serves the official client through the gateway: $transport $revision',
    async (way) => {
      const gateway = await startTestGateway({ url: served.origin });
      // What a native client gets directly is what the server can do; a page gets that through the gateway.
      const { seen: _native, progress: _, ...direct } = await visit(served.origin, way, upstream, undefined);
      const { seen, progress, ...through } = await visit(gateway.url, way, upstream, PAGE);

      // A lost session is one: where a server says 400 to its id, the gateway says 404, so that clients initialize again.
      const mended = direct.afterwards === 400 ? { ...direct, afterwards: 404 } : direct;
      expect(through).toEqual(mended);
      expect(through.text).toEqual(upstream.call.text);
      if (upstream.counting !== undefined) {
        const { text, steps } = upstream.counting;
        expect(through.counted).toEqual(typeof text === 'string' ? text : expect.stringMatching(text));
        expect(progress.slice(0, steps)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
      }
      expect(seen.length).toBeGreaterThan(1);
      for (const answer of seen) {
        expect(answer).toMatchObject({ allowOrigin: PAGE });
        expect(answer.vary?.toLowerCase().split(/, */)).toContain('origin');
      }
      // A stream was open in each era: to hear of the server, or for the answer itself.
      if (way.transport === 'sse') expect(seen.map(({ type }) => type)).toContain('text/event-stream');
    },
  );
});
