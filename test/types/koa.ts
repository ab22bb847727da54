// Compiled, not run: what Koa and the adapter say of each other without a cast.
import Koa from 'koa';
import { createPolicy } from 'mcp-cors';
import { mcpCors } from 'mcp-cors/koa';

const ORIGINS = { origins: 'https://app.example.com' } as const;

const app = new Koa<{ user: string }, { render(): void }>();
app.use(mcpCors(ORIGINS));
app.use(mcpCors(createPolicy(ORIGINS), { limiter: { consume: async () => ({}) } }));
app.use((context) => {
  context.body = context.state.user;
});

export const asKoa: Koa.Middleware = mcpCors(ORIGINS);

// @ts-expect-error: the name is `origins`
app.use(mcpCors({ origin: 'https://app.example.com' }));
// @ts-expect-error: it is 'allow' or 'deny'
app.use(mcpCors(ORIGINS, { onLimiterError: 'ignore' }));
