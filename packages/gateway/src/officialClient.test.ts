import { Client, SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSessionServer } from '../../../test/fixtures/sessionServer.js';
import { eventually, PAGE } from '../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../test/gateway/gateway.js';

/** Connects the official client as the page would. */
async function connect(url: string): Promise<{ client: Client; transport: StreamableHTTPClientTransport }> {
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Origin: PAGE } },
    reconnectionOptions: {
      initialReconnectionDelay: 10,
      maxReconnectionDelay: 50,
      reconnectionDelayGrowFactor: 1.5,
      maxRetries: 20,
    },
  });
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(transport);
  onTestFinished(() => client.close().catch(() => {}));
  return { client, transport };
}

const SEALED: Setting = { policy: { sessions: { secret: 'a secret of at least 32 characters' } } };

describe.each([
  ['sessions as they are', {}],
  ['sealed sessions', SEALED],
])('the official client and an SDK server, with %s', (_, setting) => {
  it('resume a stream that broke off, with nothing lost and nothing twice', async () => {
    const server = await startSessionServer({
      beforeStep: async (step) => {
        if (step !== 3) return;
        await eventually(() => expect(progress).toEqual([1, 2]));
        server.breakOff();
      },
    });
    onTestFinished(() => server.close());
    const gateway = await startTestGateway(server, setting);
    const { client } = await connect(gateway.url);
    const progress: number[] = [];
    const result = await client.callTool(
      { name: 'count' },
      { onprogress: ({ progress: step }) => void progress.push(step), timeout: 20_000 },
    );
    expect(result.content).toEqual([{ type: 'text', text: 'Counted.' }]);
    expect(progress).toEqual([1, 2, 3, 4, 5]);
    expect(server.log.filter((line) => line.startsWith('GET after '))).not.toEqual([]);
  }, 30_000);

  it.each([
    [404, 'Session not found'],
    [400, 'Bad Request: No valid session ID provided'],
  ])('begin a new session after a restart of the server, which answers %i', async (status, message) => {
    const unknownSession = { status, message };
    const first = await startSessionServer({ unknownSession });
    const gateway = await startTestGateway(first, setting);
    const { client, transport } = await connect(gateway.url);
    expect((await client.listTools()).tools).toHaveLength(1);
    await first.close();
    const second = await startSessionServer({ unknownSession }, first.port);
    onTestFinished(() => second.close());

    const lost = await client.listTools({}, { cacheMode: 'refresh' }).catch((error: unknown) => error);
    expect(lost).toBeInstanceOf(SdkHttpError);
    expect((lost as SdkHttpError).status).toBe(404); // by which an application knows that it has to begin anew
    const again = await connect(gateway.url);
    expect((await again.client.listTools()).tools).toHaveLength(1);
    expect(again.transport.sessionId).not.toBe(transport.sessionId);
  });
});
