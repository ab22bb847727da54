import express4 from 'express4';
import { mcpCors } from 'mcp-cors/express';
import { APPLICATION_CORS } from './application.js';
import { type Carrier, createSocketCarrier, listen } from './carriers.js';

/** An Express 4 application with the middleware before everything but one, which has said its own about CORS by then. */
export function createExpress4Carrier(): Carrier {
  return createSocketCarrier('express4', (policy, { listener }) => {
    const app = express4();
    app.use((_, response, next) => {
      for (const [name, value] of APPLICATION_CORS) response.setHeader(name, value);
      next();
    });
    app.use(mcpCors(policy));
    app.use(listener);
    return listen(app);
  });
}
