import { describe, expect, it, onTestFinished } from 'vitest';
import { REQUESTS_FOR_ONE_ORIGIN } from '../../../packages/mcp-cors/src/doctor/attacks/index.js';
import { GUARDED_SERVERS } from '../servers/guarded.js';
import { attack, PAGE } from './attack.js';

describe.each(GUARDED_SERVERS)('$name', ({ start, binds, page = PAGE }) => {
  it('raises no alarm', async () => {
    const server = await start(page);
    onTestFinished(server.close);

    const found = await attack(server.url, { origins: [page] });

    expect(found.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    if (binds) expect(found.infos).not.toContain('session-not-bound');
    expect(found.stopped).toBeUndefined();
    expect(found.requests).toBeLessThanOrEqual(REQUESTS_FOR_ONE_ORIGIN);
    await expect.poll(() => server.sessions(), { timeout: 10_000 }).toBe(0);
  });
});
