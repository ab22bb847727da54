import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, it } from 'vitest';
import { createMirroredTools, MIRRORED_TOOL } from '../../../../test/fixtures/mirroredTools.js';
import { PAGE } from '../../../../test/gateway/client.js';
import { startTestGateway } from '../../../../test/gateway/gateway.js';
import { startUpstream } from '../../../../test/gateway/upstream.js';

const ARGS = { region: 'Zürich', replicas: 3, options: { dry: false } };

it.each([
  ['without an origin', {}],
  ['with the origin of a page', { Origin: PAGE }],
])(
  'the official client on Node, %s, sends its headers itself and they arrive as they are',
  async (_, headers) => {
    const tools = createMirroredTools();
    const upstream = await startUpstream(tools.listener);
    const gateway = await startTestGateway(upstream);
    const client = new Client(
      { name: 'node', version: '1.0.0' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    const sent: Headers[] = [];
    const transport = new StreamableHTTPClientTransport(new URL(`${gateway.url}/mcp`), {
      requestInit: { headers },
      fetch: (url, init) => {
        sent.push(new Headers(init?.headers));
        return fetch(url, init);
      },
    });
    await client.connect(transport);
    await client.listTools();

    const result = await client.callTool({ name: MIRRORED_TOOL, arguments: ARGS });

    expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(ARGS) }]);
    const mirrored = (lines: Iterable<readonly [string, string]>) =>
      [...lines].filter(([name]) => name.toLowerCase().startsWith('mcp-'));
    const raw = upstream.requests.at(-1)?.rawHeaders ?? [];
    const arrived = raw.flatMap((name, i): [string, string][] =>
      i % 2 === 0 ? [[name.toLowerCase(), raw[i + 1] as string]] : [],
    );
    expect(mirrored(arrived).sort()).toEqual(mirrored(sent.at(-1) ?? []).sort());
    expect(mirrored(arrived).filter(([name]) => name.startsWith('mcp-param-'))).toHaveLength(3);
    expect(gateway.completions()).toEqual({ completed: 0, asked: 0, refused: 0 });
    await client.close();
    await tools.close();
  },
);
