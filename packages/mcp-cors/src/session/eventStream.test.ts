import { describe, expect, test } from 'vitest';
import { isEventStream } from './eventStream.js';

describe('a Content-Type', () => {
  test.each([
    'text/event-stream',
    'Text/Event-Stream',
    ' text/event-stream ;charset=utf-8',
    'text/event-stream;',
  ])('%j is that of an event stream', (type) => expect(isEventStream(type)).toBe(true));

  test.each([
    null,
    undefined,
    '',
    'application/json',
    'text/event-stream-x',
    'text/event-stream, text/plain',
  ])('%j is not', (type) => expect(isEventStream(type)).toBe(false));
});
