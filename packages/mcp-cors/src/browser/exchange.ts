import type { Fields } from './fields.js';

/** A request as it is sent. */
export interface HttpRequest {
  readonly kind: 'preflight' | 'actual';
  readonly method: string;
  /** Without a fragment. */
  readonly url: string;
  /** What the page set and what CORS adds, names in lower case; what the network adds is not there (`Host`, cookies). */
  readonly headers: Fields;
  /** Whether cookies and client certificates go with it. */
  readonly credentials: boolean;
  readonly body?: unknown;
}

/** A response as it is received: a name as often as there are lines of it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Fields;
  readonly body?: unknown;
}

/** A request and what came of it. */
export interface Exchange {
  readonly request: HttpRequest;
  /** Undefined when there was none, or when the request was answered for by the preflight cache. */
  readonly response?: HttpResponse;
  /** Whether a preflight was spared because an earlier one had answered for it. */
  readonly fromCache: boolean;
}

/** A response as a page may read it. */
export interface PageResponse {
  readonly type: 'basic' | 'cors' | 'opaque' | 'opaqueredirect';
  readonly status: number;
  readonly ok: boolean;
  readonly url: string;
  readonly redirected: boolean;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body?: unknown;
}
