// Express applications behind rendered options of the `cors` package, each on a port of its own; they hand every request
// to a server. Such an application must say nothing about CORS by itself (limit application-headers), so that what the
// server says is left out, unless the request asks for it with own-cors in its query. Started as: node express.mjs FOLDER SITES, where SITES is JSON: [{ file, port, upstream }].
import { request as startRequest } from 'node:http';
import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import express from 'express';

const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];
const [, , folder, sites] = argv;

for (const { file, port, upstream } of JSON.parse(sites)) {
  const { mcpCors } = await import(pathToFileURL(join(folder, file)));
  const application = express().disable('x-powered-by').disable('etag');
  application.use(mcpCors);
  application.use((request, response) => forward(upstream, request, response));
  application.listen(port, '127.0.0.1');
}

function forward(upstream, request, response) {
  const { method, originalUrl, headers } = request;
  const sent = startRequest(upstream, { method, path: originalUrl, headers, agent: false }, (answer) => {
    response.statusCode = answer.statusCode;
    for (const [name, values] of Object.entries(answer.headersDistinct)) {
      if (HOP_BY_HOP.includes(name)) continue;
      if (originalUrl.includes('own-cors')) response.setHeader(name, values);
      else if (name === 'vary') response.vary(values.join(', '));
      else if (!name.startsWith('access-control-')) response.setHeader(name, values);
    }
    response.flushHeaders();
    answer.pipe(response);
  });
  sent.once('error', () => {
    response.statusCode = 502;
    response.end();
  });
  response.once('close', () => sent.destroy());
  request.pipe(sent);
}
