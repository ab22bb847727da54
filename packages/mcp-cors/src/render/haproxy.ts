import { MOST_LIST_LINES } from './haproxy/decision.js';
import { sections } from './haproxy/proxies.js';
import {
  ADDRESS_SPELLINGS,
  always,
  BACKTRACKING,
  DIRECTORIES,
  type Limit,
  SEALED_SESSIONS,
} from './limits.js';
import type { Target } from './target.js';

/** What HAProxy cannot express. */
const LIMITS: readonly Limit[] = [
  SEALED_SESSIONS,
  DIRECTORIES,
  BACKTRACKING,
  ADDRESS_SPELLINGS,
  {
    id: 'many-lines',
    weakens: false,
    concerns: always,
    what: `A requested list of headers on more than ${MOST_LIST_LINES} lines is refused.`,
    why: 'Rules have no loop that could join any number of lines. Browsers send one.',
    instead: 'Nothing: no browser and no intermediary sends so many.',
  },
  {
    id: 'repeated-host',
    weakens: false,
    concerns: always,
    what: 'A Host line that is repeated, in the same case or another, counts once.',
    why: 'The parser takes the second one off before any rule. The Host that stays is checked, and is the only one.',
    instead: 'Nothing: no browser repeats it.',
  },
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What HAProxy cannot parse is refused with 400, whatever else would be wrong with it; so are two different Hosts.',
    why: 'Its parser comes before any rule.',
    instead: 'Nothing: such a request reaches nobody.',
  },
];

/** HAProxy, as Debian builds it: no scripts. */
export const HAPROXY: Target = Object.freeze({
  name: 'haproxy',
  title: 'HAProxy 2.6 or later',
  file: 'mcp-cors.cfg',
  type: 'proxy',
  comment: '#',
  limits: LIMITS,
  use: ({ name }) => [
    'Put it beside haproxy.cfg and name it last: haproxy -f haproxy.cfg -f mcp-cors.cfg. On Debian write',
    'EXTRAOPTS="-f /etc/haproxy/mcp-cors.cfg" in /etc/default/haproxy. Try it with the same and -c.',
    `Every name begins with ${name}. HAProxy must be built with PCRE, as packages are. For HTTPS let the frontend`,
    'bind :443 ssl crt /etc/haproxy/certificate.pem alpn h2,http/1.1',
  ],
  render: (plan) => sections(plan).join('\n'),
} satisfies Target);
