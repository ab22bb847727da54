import type { IncomingHttpHeaders } from 'node:http';
import { essence, type ResponseHeaders } from '../headers.js';
import { createEventReader } from './eventData.js';
import { parseJson } from './json.js';

/** Reads the JSON-RPC messages in an answer that comes in parts. */
export interface AnswerReader {
  /** Takes the next part; false when the answer is larger than the bound, and no more of it is read. */
  take(chunk: Buffer): boolean;
  end(): void;
}

/** Makes a reader of a JSON or event-stream answer; undefined for one that is neither, or compressed. */
export function createAnswerReader(
  headers: IncomingHttpHeaders,
  maxBytes: number,
  onMessage: (message: unknown) => void,
): AnswerReader | undefined {
  const { 'content-encoding': coding = 'identity' } = headers;
  if (coding.toLowerCase() !== 'identity') return undefined;
  const type = essence(headers as ResponseHeaders);
  if (type === 'application/json') return bounded(maxBytes, readWhole(onMessage));
  if (type === 'text/event-stream') return bounded(maxBytes, readEvents(onMessage));
  return undefined;
}

interface Reading {
  take(chunk: Buffer): void;
  end(): void;
}

function readWhole(onMessage: (message: unknown) => void): Reading {
  const chunks: Buffer[] = [];
  return {
    take: (chunk) => void chunks.push(chunk),
    end: () => onMessage(parseJson(Buffer.concat(chunks))),
  };
}

function readEvents(onMessage: (message: unknown) => void): Reading {
  const events = createEventReader((data) => onMessage(parseJson(data)));
  return { take: (chunk) => events.take(chunk), end() {} };
}

function bounded(maxBytes: number, reading: Reading): AnswerReader {
  let left = maxBytes;
  let current: Reading | undefined = reading;
  return {
    take(chunk) {
      left -= chunk.length;
      if (left < 0) current = undefined; // what was kept can go
      current?.take(chunk);
      return current !== undefined;
    },
    end: () => current?.end(),
  };
}
