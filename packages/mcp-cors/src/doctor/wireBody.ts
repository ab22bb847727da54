import type { IncomingMessage } from 'node:http';
import { readEvents, type StreamEvent } from './eventStream.js';

/** The body of a response, read as it comes, never further than its bound. */
export interface WireBody {
  /** What has come so far, as UTF-8. */
  readonly soFar: string;
  /** Whether the body has come to its end, its bound or an error. */
  readonly ended: boolean;
  /** Whether it ended where HTTP says that it ends, and was not cut off. */
  readonly complete: boolean;
  /** The whole body, or what came of it within a time. */
  text(withinMs: number): Promise<string>;
  /** The next event of a stream; undefined when none comes within a time, or the stream has ended. */
  nextEvent(withinMs: number): Promise<StreamEvent | undefined>;
  /** Leaves: what is still to come is not read. */
  close(): void;
}

/** Reads a response's body. @param limit Most bytes that are kept; the connection is closed beyond. */
export function readBody(message: IncomingMessage, limit: number): WireBody {
  const decoder = new TextDecoder();
  let soFar = '';
  let unread = '';
  let bytes = 0;
  let ended = false;
  let wake = (): void => {};
  const waiting: StreamEvent[] = [];

  const take = (chunk: Buffer): void => {
    bytes += chunk.length;
    const text = decoder.decode(chunk, { stream: true });
    soFar += text;
    unread += text;
    const { events, rest } = readEvents(unread);
    unread = rest;
    waiting.push(...events);
    if (bytes > limit) message.destroy();
    wake();
  };
  const end = (): void => {
    ended = true;
    wake();
  };
  message.on('data', take).once('close', end).once('end', end).once('error', end);

  /** Waits for something new, at most until a time. */
  const change = (untilMs: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, untilMs - Date.now()));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  return {
    get soFar() {
      return soFar;
    },
    get ended() {
      return ended;
    },
    get complete() {
      return message.complete;
    },
    async text(withinMs) {
      const until = Date.now() + withinMs;
      while (!ended && Date.now() < until) await change(until);
      return soFar;
    },
    async nextEvent(withinMs) {
      const until = Date.now() + withinMs;
      while (waiting.length === 0 && !ended && Date.now() < until) await change(until);
      return waiting.shift();
    },
    close() {
      message.destroy();
    },
  };
}
