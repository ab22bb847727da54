import { ASGI_LIMITS, sessionAdvice } from './python/asgi.js';
import { middlewareModule } from './python/module.js';
import type { Target } from './target.js';

/** An ASGI middleware in one file: Starlette, FastAPI, the MCP SDK for Python, Litestar, Quart, Django. */
export const STARLETTE_MIDDLEWARE: Target = Object.freeze({
  name: 'starlette-middleware',
  title: 'Starlette and any ASGI application, Python 3.9 or later',
  file: 'mcp_cors.py',
  type: 'middleware',
  comment: '#',
  limits: ASGI_LIMITS,
  use: ({ routes: [{ policy }] }) => [
    'Put this file beside the application. Around everything, so that the 500 of an unhandled error has the headers too:',
    '',
    '    from mcp_cors import McpCors',
    '    app = McpCors(app)  # last: app = Starlette(...), FastAPI(), mcp.streamable_http_app(), ...',
    '',
    "Or with app.add_middleware(McpCors), after all other middleware, since the last one added is the outermost. It then answers unhandled errors itself, in place of the application's own handler of Exception or 500.",
    ...sessionAdvice(policy),
    '',
    'It needs nothing but the standard library. The policy is data, at the top; the code below is the same for every policy.',
  ],
  render: ({ routes: [{ policy }] }) => middlewareModule(policy),
} satisfies Target);
