import { ASGI_LIMITS, sessionAdvice } from './python/asgi.js';
import { middlewareModule } from './python/module.js';
import type { Target } from './target.js';

const APPLICATION = `

# ---- The application --------------------------------------------------------------------------------

app = FastAPI()


@app.get("/healthz")
def healthz() -> Dict[str, str]:
    return {"status": "ok"}


# Your routes come here, or an MCP server: with the MCP SDK for Python 2, in place of "app = FastAPI()",
#
#     from mcp.server import MCPServer
#     from mcp.server.transport_security import TransportSecuritySettings
#
#     mcp = MCPServer("tools")
#     # McpCors has checked Host and Origin. The SDK's own check would have to name the same again.
#     unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
#     mcp_app = mcp.streamable_http_app(transport_security=unchecked)  # at /mcp
#     app = FastAPI(lifespan=lambda _: mcp.session_manager.run())
#     app.mount("/", mcp_app)

# Last, since the middleware added last is the outermost: what comes after this line is outside of the policy.
app.add_middleware(McpCors)
`;

const SEALED = APPLICATION.replace(
  'app.add_middleware(McpCors)',
  'app.add_middleware(McpCors, session_secrets=secrets_from_environment())',
);

/** A FastAPI application with the middleware in the same file. */
export const FASTAPI: Target = Object.freeze({
  name: 'fastapi',
  title: 'FastAPI, Python 3.9 or later',
  file: 'main.py',
  type: 'middleware',
  comment: '#',
  limits: ASGI_LIMITS,
  use: ({ routes: [{ policy }] }) => [
    'An application with the policy in one file. Start it with:',
    '',
    '    uvicorn main:app --host 127.0.0.1 --port 8000',
    '',
    'Behind a proxy that ends TLS add --proxy-headers --forwarded-allow-ips ADDRESS, with the address of that proxy and never *: pages of the server itself are told by its scheme, and any client can send X-Forwarded-Proto. The proxy must hand Host on.',
    '',
    "FastAPI's CORSMiddleware is not needed besides: it lets requests of foreign pages through, names no Mcp-Param-* header and leaves unhandled errors without headers. What it sets is replaced here.",
    '',
    'No GZipMiddleware around event streams: it holds events back until it has enough to compress.',
    ...sessionAdvice(policy),
  ],
  render: ({ routes: [{ policy }] }) =>
    `${middlewareModule(policy, 'from fastapi import FastAPI\n')}${policy.settings.sessions === undefined || policy.reportOnly ? APPLICATION : SEALED}`,
} satisfies Target);
