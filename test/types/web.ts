// Compiled, not run: what Hono, fetch handlers and their adapters say of each other without a cast.
import { Hono, type MiddlewareHandler } from 'hono';
import { mcpCors as mcpCorsFetch } from 'mcp-cors/fetch';
import { mcpCors } from 'mcp-cors/hono';

const ORIGINS = { origins: 'https://app.example.com' } as const;

const app = new Hono<{ Bindings: { KEY: string }; Variables: { user: string } }>();
app.use(mcpCors(ORIGINS));
app.use('/mcp/*', mcpCors(ORIGINS, { requestId: true }));
app.get('/mcp', mcpCors(ORIGINS), (context) => context.text(context.get('user')));

export const asHono: MiddlewareHandler = mcpCors(ORIGINS);
export const worker = {
  fetch: mcpCorsFetch(ORIGINS)((request: Request, env: { KEY: string }) => app.fetch(request, env)),
};
export const POST: (request: Request) => Promise<Response> = mcpCorsFetch(ORIGINS)(() => new Response());

// @ts-expect-error: the name is `origins`
app.use(mcpCors({ origin: 'https://app.example.com' }));
// @ts-expect-error: on Node it is read from the socket, elsewhere `address` tells it
app.use(mcpCors(ORIGINS, { trustProxy: 1 }));
// @ts-expect-error: the name is `origins`
mcpCorsFetch({ origin: 'https://app.example.com' });
