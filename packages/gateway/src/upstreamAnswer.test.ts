import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { createPolicy } from 'mcp-cors';
import { expect, it, vi } from 'vitest';
import { readGatewayConfig } from './config/config.js';
import { createEventStreams } from './eventStreams.js';
import { createLiveService } from './live.js';
import { createUpstreamAnswer } from './upstreamAnswer.js';

it('gives up a stream that goes on after the gateway ended it', () => {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  const faults = vi.fn();
  response.on('error', faults);
  const connection = { dispatch: vi.fn(), release: vi.fn(), destroy: vi.fn() };
  const controller = {
    abort: vi.fn(),
    pause: vi.fn(),
    resume: vi.fn(),
    aborted: false,
    paused: false,
    reason: null,
  };
  const head = { method: 'GET', path: '/mcp', host: 'localhost' };
  const settings = readGatewayConfig({
    policy: { origins: '*' },
    routes: [{ path: '/', upstream: 'http://127.0.0.1:1' }],
  });
  const answer = createUpstreamAnswer({
    exchange: {
      passage: {
        request,
        response,
        head,
        decision: createPolicy({ origins: '*' }).decide(head),
        provenance: { address: undefined, scheme: 'http', trusted: false },
        route: settings.routes[0] as (typeof settings.routes)[number],
        metadata: undefined,
        service: createLiveService(settings, () => []).current,
        record: undefined,
        requestId: undefined,
      },
      target: '/mcp',
      host: '127.0.0.1:1',
      redirects: 0,
      repeat: undefined,
    },
    connection,
    bodyTimeoutMs: 0,
    streams: createEventStreams(),
    isStreamTooMany: () => false,
    onStream: () => {},
  });
  answer.onRequestStart?.(controller, {});
  answer.onResponseStart?.(controller, 200, { 'content-type': 'text/event-stream' });
  answer.onResponseData?.(controller, Buffer.from('data: 1\n\n'));
  expect(controller.abort).not.toHaveBeenCalled();

  response.end();
  const write = vi.spyOn(response, 'write');
  answer.onResponseData?.(controller, Buffer.from('data: 2\n\n'));
  expect(write).not.toHaveBeenCalled(); // it would be an error of the response, which nobody could mend
  expect(controller.abort).toHaveBeenCalledOnce();
  expect(connection.destroy).toHaveBeenCalledOnce();
  expect(connection.release).not.toHaveBeenCalled();
});
