import Koa from 'koa';
import { mcpCors } from 'mcp-cors/koa';
import { APPLICATION_CORS } from './application.js';
import { type Carrier, createSocketCarrier, listen } from './carriers.js';

/** A Koa application with the middleware before everything but one, which has said its own about CORS by then. */
export function createKoaCarrier(): Carrier {
  return createSocketCarrier('koa', (policy, { listener }) => {
    const app = new Koa();
    app.use((context, next) => {
      for (const [name, value] of APPLICATION_CORS) context.set(name, value);
      return next();
    });
    app.use(mcpCors(policy));
    app.use((context) => {
      context.respond = false;
      context.res.statusCode = 200; // Koa begins with 404
      listener(context.req, context.res);
    });
    return listen(app.callback());
  });
}
