declare module 'cors' {
  import type { RequestHandler } from 'express';

  export default function cors(options: {
    origin: string;
    methods: string[];
    allowedHeaders: string[];
    exposedHeaders: string[];
  }): RequestHandler;
}
