import { mkdirSync } from 'node:fs';
import { STAND_IN } from './dotnet/mono.js';
import { GO_SERVER } from './hosts/go.js';
import { createNodeServer } from './hosts/node.js';
import { SPRING_SERVER } from './hosts/spring.js';
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

/** Where Debian keeps Apache's modules. */
const APACHE_MODULES = '/usr/lib/apache2/modules';

/** Apache with the modules that the output names, and those that every Apache on Debian has. */
const APACHE: ProxyServer = {
  program: (texts, folder) => ({
    command: ['apache2', '-D', 'FOREGROUND', '-d', folder, '-f', `${folder}/apache2.conf`],
    prepare: () => mkdirSync(`${folder}/sites-enabled`),
    files: {
      'apache2.conf': [
        ...['mpm_event', 'authz_core', 'reqtimeout', 'deflate', 'filter', 'setenvif', 'env'].map(loadModule),
        ...['proxy', 'proxy_http', 'rewrite', 'headers'].map(loadModule),
        ...(process.getuid?.() === 0 ? ['User www-data', 'Group www-data'] : []),
        'ServerName localhost',
        `DefaultRuntimeDir ${folder}`,
        `PidFile ${folder}/apache2.pid`,
        `ErrorLog ${folder}/error.log`,
        'StartServers 1',
        'ServerLimit 2',
        'ThreadsPerChild 25',
        'MaxRequestWorkers 50',
        'AddOutputFilterByType DEFLATE text/html text/plain application/json',
        `IncludeOptional ${folder}/sites-enabled/*.conf`,
        '',
      ].join('\n'),
      ...Object.fromEntries(
        texts.map((text, i) => [`sites-enabled/${String(i).padStart(3, '0')}.conf`, text]),
      ),
    },
  }),
};

function loadModule(name: string): string {
  return `LoadModule ${name}_module ${APACHE_MODULES}/mod_${name}.so`;
}

/** Caddy with all sites in one Caddyfile, and its state in the folder. */
const CADDY: ProxyServer = {
  program: (texts, folder) => ({
    command: ['caddy', 'run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
    environment: { XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder, HOME: folder },
    files: {
      Caddyfile: ['{\n\tadmin off\n\tauto_https off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n', ...texts].join(
        '\n',
      ),
    },
  }),
};

/** By the names of their targets. */
export const SERVERS: Readonly<Record<string, ProxyServer>> = {
  nginx: NGINX,
  caddy: CADDY,
  haproxy: HAPROXY,
  apache: APACHE,
  fastapi: createPythonServer('fastapi'),
  'starlette-middleware': createPythonServer('starlette'),
  spring: SPRING_SERVER,
  aspnet: STAND_IN,
  go: GO_SERVER,
  express: createNodeServer('express.mjs'),
  'cloudflare-worker': createNodeServer('worker.mjs'),
};
