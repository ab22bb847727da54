import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createMcpServer } from '@mcp-cors/demo';
import { behindLayer, type Layer } from './layer.js';
import type { SickServer } from './sick.js';
import { type Started, serve } from './start.js';

/** An MCP server that asks for a token, and the authorization server beside it. Nobody can sign in; that is not what is examined. */
export interface SignInTraits {
  /** What the MCP endpoint says about CORS, and the endpoints of sign-in. */
  readonly mcp?: Layer;
  readonly metadata?: Layer | 'silent';
  readonly register?: Layer | 'silent';
  readonly token?: Layer | 'silent';
  /** Whether WWW-Authenticate names the metadata. */
  readonly hint?: boolean;
  /** Path of the issuer. */
  readonly issuerPath?: string;
}

const TOKEN = 'Bearer right';

export function startSignIn(
  allowed: string,
  traits: SignInTraits = {},
  front: (listener: RequestListener) => RequestListener = (listener) => listener,
): Promise<Started> {
  const { mcp = {}, metadata = {}, register = {}, token = {}, hint = true, issuerPath = '' } = traits;
  const app = createMcpServer();
  const layered = (layer: Layer | 'silent', listener: RequestListener): RequestListener =>
    layer === 'silent' ? notOptions(listener) : behindLayer(listener, allowed, layer);

  return serve(
    (base) => {
      const guarded: RequestListener = (request, response) => {
        if (request.headers.authorization === TOKEN) return app.listener(request, response);
        const where = `${base.origin}/.well-known/oauth-protected-resource/mcp`;
        response.setHeader('WWW-Authenticate', hint ? `Bearer resource_metadata="${where}"` : 'Bearer');
        json(response, 401, { error: 'invalid_token' });
      };
      const documents: RequestListener = (request, response) => {
        const path = (request.url ?? '').split('?', 1)[0];
        if (path === '/.well-known/oauth-protected-resource/mcp') {
          return json(response, 200, {
            resource: `${base.origin}/mcp`,
            authorization_servers: [`${base.origin}${issuerPath}`],
          });
        }
        if (path === `/.well-known/oauth-authorization-server${issuerPath}`) {
          return json(response, 200, {
            issuer: `${base.origin}${issuerPath}`,
            authorization_endpoint: `${base.origin}/authorize`,
            token_endpoint: `${base.origin}/token`,
            registration_endpoint: `${base.origin}/register`,
            response_types_supported: ['code'],
          });
        }
        json(response, 404, { error: 'not_found' });
      };
      const refuse: RequestListener = (_, response) => json(response, 400, { error: 'invalid_request' });
      const routes: readonly (readonly [prefix: string, listener: RequestListener])[] = [
        ['/mcp', layered(mcp, guarded)],
        ['/.well-known/', layered(metadata, documents)],
        ['/register', layered(register, refuse)],
        ['/token', layered(token, refuse)],
      ];
      return front((request, response) => {
        const route = routes.find(([prefix]) => request.url?.startsWith(prefix));
        if (route === undefined) json(response, 404, { error: 'not_found' });
        else route[1](request, response);
      });
    },
    '/mcp',
    () => app.close(),
    () => app.sessions().streamable,
  );
}

/** A listener that knows nothing of OPTIONS. */
function notOptions(listener: RequestListener): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'OPTIONS') json(response, 405, { error: 'method_not_allowed' });
    else listener(request, response);
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Servers at which sign-in from a page comes to nothing. */
export const SICK_SIGN_INS: readonly SickServer[] = [
  {
    name: 'WWW-Authenticate that is not exposed',
    finding: 'www-authenticate-not-exposed',
    severity: 'error',
    evidence: /< WWW-Authenticate: Bearer resource_metadata/i,
    start: (allowed) => startSignIn(allowed, { mcp: { expose: 'Mcp-Session-Id' } }),
  },
  {
    name: 'a 401 without CORS headers',
    finding: 'unauthorized-without-cors',
    severity: 'error',
    evidence: /< 401/,
    start: (allowed) => startSignIn(allowed, { mcp: { onAnswers: (status) => status !== 401 } }),
  },
  {
    name: 'Authorization that is not allowed',
    finding: 'authorization-not-allowed',
    severity: 'error',
    evidence: /Request header field authorization is not allowed/,
    start: (allowed) =>
      startSignIn(allowed, {
        mcp: {
          requestHeaders:
            'Content-Type, Accept, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name',
        },
      }),
  },
  {
    name: 'metadata without CORS headers',
    finding: 'metadata-not-readable',
    severity: 'error',
    evidence: /oauth-protected-resource/,
    start: (allowed) => startSignIn(allowed, { metadata: 'silent' }),
  },
  {
    name: 'registration without CORS headers',
    finding: 'register-not-readable',
    severity: 'error',
    evidence: /> OPTIONS \/register/,
    start: (allowed) => startSignIn(allowed, { register: 'silent' }),
  },
  {
    name: 'a token endpoint without CORS headers',
    finding: 'token-not-readable',
    severity: 'error',
    evidence: /> OPTIONS \/token/,
    start: (allowed) => startSignIn(allowed, { token: 'silent' }),
  },
];
