import { mkdirSync } from 'node:fs';
import type { Program } from './place.js';
import type { Site } from './proxies.js';
import { createPythonServer } from './python/server.js';

/** The real server of a target. */
export interface ProxyServer {
  /** What starts it with rendered configurations, in the foreground and without being root. */
  readonly program: (
    texts: readonly string[],
    folder: string,
    ports: readonly number[],
    sites: readonly Site[],
  ) => Program;
}

/** nginx with what Debian's nginx.conf has around conf.d, but for paths that only root may write. */
const NGINX: ProxyServer = {
  program: (texts, folder) => ({
    command: ['nginx', '-p', folder, '-c', `${folder}/nginx.conf`, '-g', 'daemon off;'],
    prepare: () => mkdirSync(`${folder}/conf.d`),
    files: {
      'nginx.conf': [
        ...(process.getuid?.() === 0 ? ['user root;'] : []),
        'worker_processes 1;',
        `pid ${folder}/nginx.pid;`,
        'error_log stderr;',
        'events { worker_connections 768; }',
        'http {',
        '    access_log off;',
        ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
          (name) => `    ${name}_temp_path ${folder}/${name};`,
        ),
        '    sendfile on;',
        '    tcp_nopush on;',
        '    types_hash_max_size 2048;',
        '    include /etc/nginx/mime.types;',
        '    default_type application/octet-stream;',
        '    gzip on;',
        `    include ${folder}/conf.d/*.conf;`,
        '}',
        '',
      ].join('\n'),
      ...Object.fromEntries(texts.map((text, i) => [`conf.d/${String(i).padStart(3, '0')}.conf`, text])),
    },
  }),
};

/** HAProxy with what Debian's haproxy.cfg has in `global`, but for what only root may do. */
const HAPROXY: ProxyServer = {
  program: (texts, folder) => ({
    command: ['haproxy', '-db', '-f', `${folder}/haproxy.cfg`, '-f', `${folder}/conf.d`],
    prepare: () => mkdirSync(`${folder}/conf.d`),
    files: {
      'haproxy.cfg': 'global\n    nbthread 1\n    log stdout format raw local0\n',
      ...Object.fromEntries(texts.map((text, i) => [`conf.d/${String(i).padStart(3, '0')}.cfg`, text])),
    },
  }),
};

/** By the names of their targets. */
export const SERVERS: Readonly<Record<string, ProxyServer>> = {
  nginx: NGINX,
  haproxy: HAPROXY,
  fastapi: createPythonServer('fastapi'),
  'starlette-middleware': createPythonServer('starlette'),
};
