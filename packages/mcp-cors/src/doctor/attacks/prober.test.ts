import { describe, expect, it } from 'vitest';
import type { WireBody } from '../wireBody.js';
import { createProber, type ProberOptions, type Send, type Trial } from './prober.js';

const URL_OF_SERVER = 'http://127.0.0.1:1/mcp';
const trial: Trial = { method: 'GET', url: URL_OF_SERVER, headers: [] };

function bodyOf(text: string): WireBody & { readonly closed: () => boolean } {
  let closed = false;
  return {
    soFar: text,
    ended: true,
    complete: true,
    text: async () => text,
    nextEvent: async () => undefined,
    close: () => {
      closed = true;
    },
    closed: () => closed,
  };
}

const answering =
  (status: number): Send =>
  async () => ({ status, headers: [], body: bodyOf(''), headMs: 1 });

function prober(options: Partial<ProberOptions>): ReturnType<typeof createProber> {
  return createProber({
    send: answering(200),
    maxRequests: 100,
    requestMs: 5_000,
    totalMs: 60_000,
    ...options,
  });
}

describe('createProber', () => {
  it('sends no more than its bound, and still ends sessions', async () => {
    const sent: string[] = [];
    const bounded = prober({
      maxRequests: 2,
      send: async (request) => {
        sent.push(request.method);
        return answering(200)(request);
      },
    });
    for (let i = 0; i < 4; i++) await bounded.try(trial);
    await bounded.try({ ...trial, method: 'DELETE' });

    expect(sent).toEqual(['GET', 'GET', 'DELETE']);
    expect(bounded.stopped).toBe('bound');
  });

  it('stops when it is aborted', async () => {
    const controller = new AbortController();
    const aborted = prober({ signal: controller.signal });
    expect(await aborted.try(trial)).toBeDefined();
    controller.abort();

    expect(await aborted.try(trial)).toBeUndefined();
    expect(aborted).toMatchObject({ stopped: 'aborted', requests: 1 });
  });

  it('stops when its time is over', async () => {
    const slow = prober({ totalMs: -1 });

    expect(await slow.try(trial)).toBeUndefined();
    expect(slow).toMatchObject({ stopped: 'time', requests: 0 });
  });

  it('leaves a server alone that answers 429 three times in a row', async () => {
    const statuses = [429, 429, 200, 429, 429, 429, 200];
    const limited = prober({ send: (request) => answering(statuses.shift() ?? 200)(request) });
    for (let i = 0; i < 9; i++) await limited.try(trial);

    expect(limited).toMatchObject({ stopped: 'limited', requests: 6 });
  });

  it('gives up an answer that does not come, and leaves it when it comes after all', async () => {
    const body = bodyOf('');
    let answer: (() => void) | undefined;
    const waiting = prober({
      requestMs: 10,
      send: () =>
        new Promise((resolve) => {
          answer = () => resolve({ status: 200, headers: [], body, headMs: 1 });
        }),
    });

    expect(await waiting.try(trial)).toBeUndefined();
    answer?.();
    await expect.poll(() => body.closed()).toBe(true);
  });

  it('takes a failure for no answer', async () => {
    expect(await prober({ send: () => Promise.reject(new Error('refused')) }).try(trial)).toBeUndefined();
  });

  it('tells of each request before it is sent', async () => {
    const told: unknown[] = [];
    const telling = prober({ maxRequests: 7, onProgress: (progress) => told.push(progress) });
    await telling.try(trial);
    await telling.try(trial);

    expect(told).toEqual([
      { sent: 1, of: 7 },
      { sent: 2, of: 7 },
    ]);
  });
});
