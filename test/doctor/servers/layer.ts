import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** What a layer in front of a server says about CORS, right unless told otherwise. */
export interface Layer {
  /** The lines of Access-Control-Allow-Origin; the page's origin by default, none when empty. */
  readonly allowOrigin?: readonly string[];
  readonly credentials?: boolean;
  readonly methods?: string;
  readonly requestHeaders?: string;
  readonly expose?: string | undefined;
  /** Where Access-Control-Expose-Headers is sent; on answers by default. */
  readonly exposeOn?: 'answers' | 'preflights';
  readonly maxAge?: number;
  /** 204 by default. */
  readonly preflightStatus?: number;
  /** Whether preflights carry CORS headers, and which answers do; all by default. */
  readonly onPreflights?: boolean;
  readonly onAnswers?: (status: number) => boolean;
  /** Answers a request in place of everything, by giving true. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export const ALL_METHODS = 'GET, POST, DELETE';
export const ALL_HEADERS =
  'Content-Type, Accept, Authorization, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name';
export const ALL_EXPOSED = 'Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate';

/** Puts a layer in front of a listener, as a proxy or a middleware would be. */
export function behindLayer(listener: RequestListener, allowed: string, layer: Layer): RequestListener {
  const {
    allowOrigin = [allowed],
    credentials = false,
    methods = ALL_METHODS,
    requestHeaders = ALL_HEADERS,
    exposeOn = 'answers',
    maxAge = 600,
    preflightStatus = 204,
    onPreflights = true,
    onAnswers = () => true,
    before = () => false,
  } = layer;
  const expose = 'expose' in layer ? layer.expose : ALL_EXPOSED;

  const common = (response: ServerResponse, kind: 'answers' | 'preflights'): void => {
    if (allowOrigin.length > 0) response.setHeader('Access-Control-Allow-Origin', [...allowOrigin]);
    if (credentials) response.setHeader('Access-Control-Allow-Credentials', 'true');
    if (expose !== undefined && exposeOn === kind) {
      response.setHeader('Access-Control-Expose-Headers', expose);
    }
  };

  return (request, response) => {
    if (before(request, response)) return;
    if (request.method === 'OPTIONS') {
      if (onPreflights) {
        common(response, 'preflights');
        response.setHeader('Access-Control-Allow-Methods', methods);
        response.setHeader('Access-Control-Allow-Headers', requestHeaders);
        response.setHeader('Access-Control-Max-Age', String(maxAge));
      }
      response.writeHead(preflightStatus).end();
      return;
    }
    const writeHead = response.writeHead as (...args: unknown[]) => ServerResponse;
    response.writeHead = function withCors(this: ServerResponse, status: number, ...rest: unknown[]) {
      if (onAnswers(status)) common(this, 'answers');
      return writeHead.call(this, status, ...rest);
    } as typeof response.writeHead;
    listener(request, response);
  };
}
