const EVENT_STREAM = /^\s*text\/event-stream\s*(?:;|$)/i;

/** Whether a Content-Type is that of an event stream. No other response has an `endpoint` event. */
export function isEventStream(contentType: string | null | undefined): boolean {
  return typeof contentType === 'string' && EVENT_STREAM.test(contentType);
}
