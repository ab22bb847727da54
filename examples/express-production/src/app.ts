import express, { type ErrorRequestHandler, type Express } from 'express';
import helmet from 'helmet';
import type { Policy } from 'mcp-cors';
import { mcpCors, type NodeCarrierOptions } from 'mcp-cors/express';
import { type McpEndpoint, refuse } from './endpoint.js';

/** What an application is made of. */
export interface AppParts {
  readonly policy: Policy;
  readonly carrier: NodeCarrierOptions;
  readonly endpoint: McpEndpoint;
  /** Whether the server is about to end. */
  readonly isEnding: () => boolean;
}

/** Puts the parts in their order: security headers, health, policy, body, endpoint, errors. */
export function createApp({ policy, carrier, endpoint, isEnding }: AppParts): Express {
  const app = express();

  // Before the policy, so that preflights, denials and errors carry these headers too.
  app.use(
    helmet({
      // Answers are data: whoever opens one in a tab gets a page that may do nothing.
      contentSecurityPolicy: {
        useDefaults: false,
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
      },
      // Browsers look at this for requests without CORS alone: no page can embed an answer, allowed ones still read it.
      crossOriginResourcePolicy: { policy: 'same-origin' },
    }),
  );

  // Load balancers ask by address and without Origin: before the policy, and not counted.
  app.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store');
    response
      .status(isEnding() ? 503 : 200)
      .type('text')
      .send(isEnding() ? 'ending' : 'ok');
  });

  app.use(mcpCors(policy, carrier));

  // Whoever needs sign-in puts it here: behind the policy, so that a page can read its 401.

  app.use((_request, response, next) => {
    if (isEnding()) response.set('Connection', 'close');
    next();
  });
  app.use('/mcp', express.json({ limit: '100kb' }), endpoint.handle);
  app.use((_request, response) => refuse(response, 404, 'Not found'));
  app.use(answerError);
  return app;
}

/** Answers errors without telling more than a client needs. */
const answerError: ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = statusOf(error);
  if (status === 500)
    process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`);
  refuse(response, status, MESSAGES[status] ?? 'Internal error');
};

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'The body is no JSON',
  413: 'The body is too large',
  415: 'The encoding of the body is not supported',
};

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status in MESSAGES ? status : 500;
}
