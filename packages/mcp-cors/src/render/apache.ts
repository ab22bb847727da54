import { virtualHost } from './apache/server.js';
import {
  ADDRESS_SPELLINGS,
  always,
  BACKTRACKING,
  DEBUG_NAMES,
  DIRECTORIES,
  type Limit,
  SEALED_SESSIONS,
} from './limits.js';
import type { Target } from './target.js';

/** What Apache cannot express. */
const LIMITS: readonly Limit[] = [
  SEALED_SESSIONS,
  DIRECTORIES,
  BACKTRACKING,
  ADDRESS_SPELLINGS,
  {
    id: 'late-aborts',
    weakens: false,
    concerns: always,
    what: 'A stream whose page has gone ends at the server with its next event.',
    why: 'Apache notices that a client has gone when it writes to it.',
    instead: 'Let the server send a comment now and then: a quiet stream needs that anyway.',
  },
  DEBUG_NAMES,
  {
    id: 'asterisk-form',
    weakens: false,
    concerns: always,
    what: 'OPTIONS * is answered by Apache itself, once Host and Origin are checked.',
    why: 'It has no path that could lead to a server.',
    instead: 'Nothing: no browser and no MCP client sends it.',
  },
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What Apache cannot parse, a malformed or repeated Host included, gets 400 or 404 and no JSON.',
    why: 'Its parser comes before any rule.',
    instead: 'Nothing: such a request reaches nobody.',
  },
];

/** Apache httpd, as Debian builds it. */
export const APACHE: Target = Object.freeze({
  name: 'apache',
  title: 'Apache httpd 2.4.26 or later',
  file: 'mcp-cors.conf',
  type: 'proxy',
  comment: '#',
  limits: LIMITS,
  use: ({ name, routes }) => [
    `Modules: a2enmod proxy proxy_http rewrite headers${routes.some(({ upstream }) => upstream.scheme === 'https') ? ' ssl' : ''}`,
    'Put it into /etc/apache2/sites-available and enable it: a2ensite mcp-cors. Try it with: apache2ctl configtest',
    `Every variable begins with ${name}. For HTTPS add SSLEngine On, SSLCertificateFile and SSLCertificateKeyFile.`,
  ],
  render: virtualHost,
} satisfies Target);
