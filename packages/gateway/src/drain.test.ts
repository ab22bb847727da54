import { describe, expect, it } from 'vitest';
import { parseEventStream } from '../../../test/fixtures/eventSource.js';
import {
  aWhile,
  begin,
  endOf,
  eventually,
  headOf,
  open,
  PAGE,
  partsOf,
  readWhole,
} from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { GET_STREAM, STREAM, startSilentStream } from '../../../test/gateway/streams.js';
import { startUpstream } from '../../../test/gateway/upstream.js';

const PATIENT = { limits: { shutdownTimeoutMs: 60_000 } };

describe('when the gateway closes', () => {
  it('a stream between two events ends at once', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream, PATIENT);
    const { response } = await open(gateway.url, GET_STREAM);
    streams[0]?.write('data: 1\n\n');
    const parts = partsOf(response);
    expect(await parts.next()).toBe('data: 1\n\n');
    await gateway.close();
    expect(await parts.next()).toBeUndefined();
    expect(response.complete).toBe(true);
    await eventually(() => expect(upstream.sockets.size).toBe(0));
  });

  it('a stream inside an event ends when that is complete', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream, PATIENT);
    const { response } = await open(gateway.url, GET_STREAM);
    streams[0]?.write('id: 1\ndata: 1\n\nid: 2\nda');
    const parts = partsOf(response);
    expect(await parts.next()).toBe('id: 1\ndata: 1\n\nid: 2\nda');
    const closed = gateway.close();
    await aWhile(50);
    streams[0]?.write('ta: 2\n\nid: 3\ndata: 3\n\n');
    expect(await parts.next()).toBe('ta: 2\n\n');
    expect(await parts.next()).toBeUndefined();
    expect(response.complete).toBe(true);
    await closed;
  });

  it('a stream that never completes its event ends cleanly within the bound', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 500 } });
    const { response } = await open(gateway.url, GET_STREAM);
    streams[0]?.write('data: 1\n\ndata: 2');
    const end = endOf(response);
    await eventually(() => expect(streams).toHaveLength(1));
    await aWhile(50);
    await gateway.close();
    expect(await end).toBe('whole');
  });

  it('the answer to a request may finish, though it is a stream', async () => {
    const { upstream, streams } = await startSilentStream();
    const gateway = await startTestGateway(upstream, PATIENT);
    const { response } = await open(gateway.url, { headers: [['Accept', 'text/event-stream']], body: '{}' });
    const whole = readWhole(response);
    streams[0]?.write('data: 1\n\n');
    const closed = gateway.close();
    await aWhile(50);
    streams[0]?.end('data: 2\n\n');
    expect(parseEventStream((await whole).body).map(({ data }) => data)).toEqual(['1', '2']);
    await closed;
  });

  it('an answer that does not finish is ended between two events, within the bound', async () => {
    const upstream = await startUpstream((_, response) => {
      response.writeHead(200, STREAM);
      const timer = setInterval(() => {
        response.write('data: half');
        response.write('\n\n');
      }, 5);
      response.on('close', () => clearInterval(timer));
    });
    const gateway = await startTestGateway(upstream, { limits: { shutdownTimeoutMs: 1_000 } });
    const whole = readWhole((await open(gateway.url, { body: '{}' })).response);
    await gateway.close();
    expect((await whole).body.toString()).toMatch(/^(?:data: half\n\n)+$/);
  });

  it('a subscription is no request that finishes', async () => {
    const { upstream } = await startSilentStream();
    const gateway = await startTestGateway(upstream, PATIENT);
    const headers = [['Mcp-Method', 'subscriptions/listen']] as const;
    const { response } = await open(gateway.url, { headers, body: '{}' });
    const [end] = await Promise.all([endOf(response), gateway.close()]);
    expect(end).toBe('whole');
  });

  it('nobody new is let in while others finish', async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_, response) => {
      finish = () => response.end('{}');
    });
    const gateway = await startTestGateway(upstream, PATIENT);
    const head = headOf(begin(gateway.url));
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    const closed = gateway.close();
    await expect(open(gateway.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    finish();
    expect((await readWhole(await head)).status).toBe(200);
    await closed;
  });
});

it('a resumed stream reaches the upstream with the last event id, and events keep theirs', async () => {
  const upstream = await startUpstream((request, response) => {
    response.writeHead(200, STREAM);
    response.end(`id: after-${request.headers['last-event-id']}\ndata: 1\n\n`);
  });
  const gateway = await startTestGateway(upstream);
  const { response } = await open(gateway.url, {
    method: 'GET',
    headers: [
      ['Accept', 'text/event-stream'],
      ['Last-Event-ID', 'stream-7_é'],
    ].map(([name = '', value = '']) => [name, Buffer.from(value).toString('latin1')] as const),
  });
  expect(response.headers['access-control-allow-origin']).toBe(PAGE);
  const [event] = parseEventStream((await readWhole(response)).body);
  expect(Buffer.from(event?.lastEventId ?? '').toString('latin1')).toContain('after-stream-7');
});
