// Serves the page, and tells it where the server is.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import express from 'express';

const FOLDER = new URL('./page/', import.meta.url);

export function createPage(serverUrl) {
  const html = readFileSync(new URL('index.html', FOLDER), 'utf8').replaceAll('{{server}}', serverUrl);
  const page = express();
  page.use((_request, response, next) => {
    response.set('Content-Security-Policy', `default-src 'self'; connect-src ${serverUrl}`);
    next();
  });
  page.get('/', (_request, response) => {
    response.type('html').send(html);
  });
  page.use(express.static(fileURLToPath(FOLDER), { index: false }));
  return page;
}
