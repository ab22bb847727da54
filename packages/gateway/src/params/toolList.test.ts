import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEPLOY, toolList } from '../../../../test/gateway/toolServer.js';
import { askForTools } from './toolList.js';

/** A connection that does what a test says, and what was asked on it. */
function createWire() {
  const connection = { dispatch: vi.fn(), release: vi.fn(), destroy: vi.fn() };
  const controller = { abort: vi.fn() } as unknown as Dispatcher.DispatchController & { abort: () => void };
  const list = askForTools({
    path: '/mcp',
    headers: [],
    meta: '{}',
    connect: () => connection,
    mayAsk: () => true,
  });
  const [, handler] = connection.dispatch.mock.calls[0] as [unknown, Dispatcher.DispatchHandler];
  handler.onRequestStart?.(controller, {});
  return {
    connection,
    controller,
    list,
    head: (status: number, headers: IncomingHttpHeaders) =>
      handler.onResponseStart?.(controller, status, headers),
    part: (text: string) => handler.onResponseData?.(controller, Buffer.from(text)),
    end: () => handler.onResponseEnd?.(controller, {}),
    fail: () => handler.onResponseError?.(controller, new Error('refused')),
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };
const STREAM_TYPE = { 'content-type': 'text/event-stream' };
const LIST = JSON.stringify(toolList([DEPLOY]));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('askForTools', () => {
  it('reads a list that comes in parts, and gives the connection back', async () => {
    const { list, head, part, end, connection } = createWire();
    head(102, {});
    head(200, JSON_TYPE);
    part(LIST.slice(0, 20));
    part(LIST.slice(20));
    end();
    expect([...((await list)?.keys() ?? [])]).toEqual(['deploy']);
    expect(connection.release).toHaveBeenCalledOnce();
    expect(connection.destroy).not.toHaveBeenCalled();
  });

  it('does not wait for the end of a stream, and does not let it go on for ever', async () => {
    const { list, head, part, connection, controller } = createWire();
    head(200, STREAM_TYPE);
    part(`data: ${LIST}\n\n`);
    expect((await list)?.size).toBe(1);
    expect(connection.destroy).not.toHaveBeenCalled();
    vi.advanceTimersByTime(5_000);
    expect(controller.abort).toHaveBeenCalledOnce();
    expect(connection.destroy).toHaveBeenCalledOnce();
  });

  it('gives up a server that is silent, or stops in the middle', async () => {
    const silent = createWire();
    const stopping = createWire();
    stopping.head(200, JSON_TYPE);
    stopping.part(LIST.slice(0, 20));
    vi.advanceTimersByTime(5_000);
    for (const { list, connection, end } of [silent, stopping]) {
      expect(await list).toBeUndefined();
      end(); // too late
      expect(connection.destroy).toHaveBeenCalledOnce();
      expect(connection.release).not.toHaveBeenCalled();
    }
  });

  it('breaks off an answer that is too large, or no list', async () => {
    const large = createWire();
    large.head(200, JSON_TYPE);
    large.part('x'.repeat(1_048_576));
    expect(large.connection.destroy).not.toHaveBeenCalled();
    large.part('x');
    const denied = createWire();
    denied.head(401, JSON_TYPE);
    for (const { list, connection } of [large, denied]) {
      expect(await list).toBeUndefined();
      expect(connection.destroy).toHaveBeenCalledOnce();
    }
  });

  it('has nothing when the connection fails', async () => {
    const { list, fail, connection } = createWire();
    fail();
    expect(await list).toBeUndefined();
    expect(connection.destroy).toHaveBeenCalledOnce();
    expect(vi.getTimerCount()).toBe(0);
  });
});
