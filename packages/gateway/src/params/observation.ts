import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/** Looks at an answer on its way, and changes nothing. */
export interface AnswerObserver {
  head(status: number, headers: IncomingHttpHeaders): void;
  part(chunk: Buffer): void;
  /** Hears that the answer is whole, before the client does. */
  end(): void;
}

/** A handler whose answer is observed. */
export function observed(
  handler: Dispatcher.DispatchHandler,
  observer: AnswerObserver,
): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...rest) => handler.onRequestStart?.(...rest),
    onResponseStart(controller, status, headers, message) {
      if (status >= 200) observer.head(status, headers);
      handler.onResponseStart?.(controller, status, headers, message);
    },
    onResponseData(controller, chunk) {
      observer.part(chunk);
      handler.onResponseData?.(controller, chunk);
    },
    onResponseEnd(controller, trailers) {
      observer.end();
      handler.onResponseEnd?.(controller, trailers);
    },
    onResponseError: (...rest) => handler.onResponseError?.(...rest),
  };
}

/** Searches parts of a text for a word in ASCII, also where it is cut, and calls back for each part that ends one. */
export function createWordSearch(word: string, onFound: () => void): (chunk: Buffer) => void {
  let before = '';
  return (chunk) => {
    const text = before + chunk.toString('latin1');
    if (text.includes(word)) onFound();
    before = text.slice(1 - word.length);
  };
}
