import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { createPolicy } from 'mcp-cors';
import { expect, it, vi } from 'vitest';
import { createUpstreamAnswer } from './upstreamAnswer.js';

it('gives up a stream that goes on after the gateway ended it', () => {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
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
  const answer = createUpstreamAnswer({
    response,
    decision: createPolicy({ origins: '*' }).decide({ method: 'GET', path: '/mcp', host: 'localhost' }),
    record: undefined,
    connection,
    bodyTimeoutMs: 0,
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
