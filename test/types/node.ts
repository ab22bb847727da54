// Compiled, not run: what Node's servers and the adapter say of each other without a cast.
import { createServer, type RequestListener } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import express from 'express';
import Koa from 'koa';
import { createPolicy } from 'mcp-cors';
import { type Http2RequestListener, mcpCors } from 'mcp-cors/node';

const ORIGINS = { origins: 'https://app.example.com' } as const;
const wrap = mcpCors(ORIGINS);

createServer(wrap((request, response) => response.appendHeader('x', request.rawTrailers).end()));
createServer(mcpCors(createPolicy(ORIGINS))(async (_, response) => void response.end()));
createHttpsServer(
  {},
  wrap((_, response) => void response.end()),
);
createServer(wrap(express()));
createServer(wrap(new Koa().callback()));

createHttp2Server(wrap((request, response) => response.stream.end(request.authority)));
createSecureServer(wrap((request, response) => response.end(request.authority)));
// With options, the types of Node leave open which requests they mean.
const secure: Http2RequestListener = wrap(new Koa().callback());
createSecureServer({ allowHTTP1: true }, secure);
createSecureServer(
  {},
  wrap((request: Http2ServerRequest, response: Http2ServerResponse) => response.end(request.authority)),
);

export const asHttp1: RequestListener = wrap((_, response) => void response.end());
export const asHttp2: Http2RequestListener = wrap((_, response) => void response.end());
export const alone = wrap((request, response) => response.end(request.url));
createServer(alone);

// @ts-expect-error: HTTP/1.1 has no streams
createServer(wrap((_, response) => response.stream.end()));
// @ts-expect-error: the name is `origins`
mcpCors({ origin: 'https://app.example.com' });
// @ts-expect-error: the name is `requestId`
mcpCors(ORIGINS, { requestID: true });
