import type { RequestListener } from 'node:http';
import cors from 'cors';
import express from 'express';
import { ALL_HEADERS } from './layer.js';
import { type Started, startFront } from './start.js';

/** Results of a server of 2026-07-28 alone. @param tool Its one tool. */
const resultsOf = (tool: object): Readonly<Record<string, object>> => ({
  'server/discover': {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    serverInfo: { name: 'modern', version: '1' },
  },
  'tools/list': { resultType: 'complete', tools: [tool], ttlMs: 0, cacheScope: 'private' },
});

/**
 * A server of 2026-07-28 with one tool: no session, no stream, POST alone.
 * @param keyword The key in its tool's schema under which a parameter may be wanted in a header.
 */
export function startModernServer(
  allowed: string,
  front: (listener: RequestListener) => RequestListener = (listener) => listener,
  keyword = 'title',
): Promise<Started> {
  const results = resultsOf({
    name: 'deploy',
    inputSchema: { type: 'object', properties: { region: { type: 'string', [keyword]: 'Region' } } },
  });
  return startFront(() => {
    const app = express();
    app.use(cors({ origin: allowed, allowedHeaders: ALL_HEADERS }), express.json());
    app.post('/mcp', ({ body }, response) => {
      const { id, method } = body as { id: number; method: string };
      const result = results[method];
      if (result === undefined) {
        response
          .status(404)
          .json({ jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } });
      } else response.json({ jsonrpc: '2.0', id, result });
    });
    app.all('/mcp', (_, response) => void response.status(405).end());
    return front(app);
  });
}
