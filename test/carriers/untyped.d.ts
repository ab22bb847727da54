/** Express 4, by the types of Express 5: what the tests call is the same in both. */
declare module 'express4' {
  export { default } from 'express';
}

declare module '@koa/cors' {
  import type { Middleware } from 'koa';

  export default function cors(options: {
    origin: string;
    exposeHeaders: string[];
    keepHeadersOnError: boolean;
  }): Middleware;
}
