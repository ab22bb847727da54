import { readFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { DemoDescription } from './description.js';
import type { Feed } from './feed.js';

/** Written by bundle.mjs. */
const FILES = new URL('./page/', import.meta.url);

const CONTENT_TYPES: Readonly<Record<string, { file: string; type: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/main.js': { file: 'main.js', type: 'text/javascript; charset=utf-8' },
  '/style.css': { file: 'style.css', type: 'text/css; charset=utf-8' },
};

/** Serves the page, what it needs to know, and the feed of exchanges, from the one origin that `describe` names. */
export function createPages(describe: () => DemoDescription, feed: Feed): RequestListener {
  return (request, response) => {
    const description = describe();
    const origin = description.role === 'allowed' ? description.allowedOrigin : description.foreignOrigin;
    applySecurityHeaders(response, description);
    serve(request, response, origin, description, feed).catch(() => {
      if (response.headersSent) response.destroy();
      else answer(response, 500, 'text/plain; charset=utf-8', 'The page is not built: run npm run build.\n');
    });
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  description: DemoDescription,
  feed: Feed,
): Promise<void> {
  const host = request.headers.host ?? '';
  const text = 'text/plain; charset=utf-8';
  // The page's origin is what the policy names, so another name of the same address is sent there; any other Host
  // is a rebound name and gets nothing.
  if (`http://${host}` !== origin) {
    if (host !== `localhost:${new URL(origin).port}`) return answer(response, 421, text, 'Unknown host.\n');
    response.setHeader('Location', `${origin}/`);
    return answer(response, 307, text, `${origin}/\n`);
  }
  if (request.method !== 'GET') {
    response.setHeader('Allow', 'GET');
    return answer(response, 405, text, 'Method not allowed.\n');
  }

  const { pathname } = new URL(request.url ?? '/', origin);
  const page = CONTENT_TYPES[pathname];
  if (page) return answer(response, 200, page.type, await readFile(new URL(page.file, FILES)));
  if (pathname !== '/demo.json' && pathname !== '/exchanges')
    return answer(response, 404, text, 'Not found.\n');
  if (!isSameOrigin(request)) return answer(response, 403, text, 'For the page itself only.\n');
  if (pathname === '/exchanges') return feed.subscribe(origin, response);
  answer(response, 200, 'application/json', JSON.stringify(description));
}

/** @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header */
function isSameOrigin(request: IncomingMessage): boolean {
  const site = request.headers['sec-fetch-site'];
  return site === undefined ? request.headers.origin === undefined : site === 'same-origin';
}

function applySecurityHeaders(response: ServerResponse, { targets }: DemoDescription): void {
  const connect = ["'self'", targets.direct.origin, targets.gateway.origin].join(' ');
  response.setHeader(
    'Content-Security-Policy',
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${connect}; ` +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
}

function answer(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  response.writeHead(status, { 'Content-Type': type });
  response.end(body);
}
