import { createServer } from 'node:net';
import { test } from 'vitest';
import { APP, EVIL, POLICY, stage } from './scene.js';

const ROUTE_PATHS = [
  '/v2/a%0ab',
  '/v2/%0a',
  '/v2/x%3Fa=b',
  '/v2/x%23y',
  '/v2/%2e%2e/mcp',
  '/v2/..%2fmcp',
  '/v2/..;/mcp',
  '/v2/..\\mcp',
  '/v2%2fx',
  '/v2%0a',
  '/v2/deep%0a',
  '/v2/deep%0A/x',
  '/V2/x',
  '/v2//x',
  '//v2/x',
  '/mcp/../v2/x',
  '/mcp/%2e%2e/v2/x',
  '/mcp/..%2fv2/x',
  '/mcp/..;/v2',
  '/mcp/..\\v2\\x',
  '/mcp/..',
  '/mcp/../',
  '/mcp/../../admin',
  '/mcp/..%2f..%2fadmin',
  '/mcp/..%5cadmin',
  '/v2/../admin',
  '/v2/..%2fadmin',
  '/v2/%2e%2e%2fadmin',
  '/v2/.%2e/admin',
  '/v2/./x',
  '/v2/%',
  '/v2/%zz',
  '/v2/a b',
  '/v2/a%20b',
  '/v2/ü',
  '/v2/%c3%bc',
  '/v2/$1',
  '/v2/%{HTTP_HOST}',
  '/v2/{http.request.host}',
  '/v2/"x',
  '/v2/x?a=%2F..%2Fb',
  '/v2?x=/mcp',
  '/v2/deep?..',
  '/v2/%2fx',
  '/mcp%2f..%2fv2',
  '/mcp;/x',
  '/mcp;x',
  '/v2;/x',
  '/%6dcp',
  '/%76%32/x',
  '/mc%70/x',
  '/./mcp',
  '/mcp/.',
  '/mcp/%2e',
  '/v2/x/..',
  '/v2/x/../..',
  '/v2/%252e%252e/x',
  '/mcp\\x',
  '/mcp%5cx',
  '/v2/x%00',
  '/v2/x%0d%0aX-Evil:1',
  '/v2/deep/..',
  '/v2/deep/%2e%2e/x',
  '/v2/deep%2f',
  '/v2#/mcp',
  '/v2/x;/../..',
  'http://127.0.0.1/v2/x',
  '/v2/deep/../../mcp',
  '/v2/a%0a/../../../admin',
  '/v2/%0a/..%2f..%2fadmin',
];
test('routes', async () => {
  const target = process.env.T ?? 'nginx';
  const { send } = await stage(
    target,
    (q, r) => {
      r.setHeader('X-Seen', encodeURIComponent(q.url ?? ''));
      r.end('{}');
    },
    POLICY,
    (u) => ({
      routes: [
        { path: '/mcp', upstream: `${u}/mcp` },
        { path: '/v2', upstream: `${u}/inner/v1`, policy: { origins: [EVIL] } },
        { path: '/v2/deep', upstream: `${u}` },
        { path: '/v2/deep', exact: true, upstream: `${u}/alone`, policy: { origins: [EVIL] } },
      ],
    }),
  );
  const out: string[] = [];
  for (const p of ROUTE_PATHS) {
    const cell = async (o: string) => {
      try {
        const a = await send('GET', p, [['Origin', o]]);
        const s = a.lines.find(([n]) => n.toLowerCase() === 'x-seen')?.[1];
        return `${a.status} ${s === undefined ? '' : decodeURIComponent(s)}`;
      } catch (e) {
        return String((e as Error).message).slice(0, 40);
      }
    };
    out.push(`${p.padEnd(28)} APP ${(await cell(APP)).padEnd(34)} EVIL ${await cell(EVIL)}`);
  }
  console.log(target + '\n' + out.join('\n'));
}, 60000);
