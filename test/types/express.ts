// Compiled, not run: what Express 5 and the adapter say of each other without a cast. The types of Express 4 ask for
// the same handlers.
import express from 'express';
import { createPolicy } from 'mcp-cors';
import { type ExpressHandler, mcpCors } from 'mcp-cors/express';

const ORIGINS = { origins: 'https://app.example.com' } as const;

const app = express();
app.use(mcpCors(ORIGINS));
app.use(mcpCors(createPolicy(ORIGINS)));
app.use('/api', mcpCors(ORIGINS), express.json());
app.use([mcpCors(ORIGINS)]);
app.all('/mcp/:id', mcpCors(ORIGINS), (request, response) => response.json(request.params.id));
express.Router().use(mcpCors(ORIGINS, { requestId: true, trustProxy: ['loopback'] }));

export const asExpress: express.RequestHandler = mcpCors(ORIGINS);
export const asOurs: ExpressHandler = mcpCors(ORIGINS);

// @ts-expect-error: `origins` is needed
app.use(mcpCors());
// @ts-expect-error: the name is `origins`
app.use(mcpCors({ origin: 'https://app.example.com' }));
// @ts-expect-error: the name is `trustProxy`
app.use(mcpCors(ORIGINS, { trustproxy: 1 }));
// @ts-expect-error: a number or a list
app.use(mcpCors(ORIGINS, { trustProxy: true }));
