import { CODE } from './go/code.js';
import { policyData } from './go/data.js';
import { always, DIRECTORIES, type Limit, SEALED_SESSIONS } from './limits.js';
import type { Target } from './target.js';

/** What the Go middleware cannot express. */
const LIMITS: readonly Limit[] = [
  SEALED_SESSIONS,
  DIRECTORIES,
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What net/http cannot read is refused with 400, whatever else would be wrong with it.',
    why: 'Its parser comes before any handler.',
    instead: 'Nothing: such a request reaches nobody.',
  },
];

const IMPORTS = ['io', 'log', 'net', 'net/http', 'regexp', 'strconv', 'strings'];

/** Middleware for net/http, in one file: the standard library alone. */
export const GO: Target = Object.freeze({
  name: 'go',
  title: 'Go 1.22 or later, net/http',
  file: 'mcpcors.go',
  type: 'middleware',
  comment: '//',
  limits: LIMITS,
  use: () => [
    'Put this file into a folder mcpcors of your module, run gofmt -w on it if you like, and, around everything:',
    '',
    '    http.ListenAndServe("127.0.0.1:3000", mcpcors.Guard(handler))',
    '',
    'The policy is data, at the top; the code below is the same for every policy.',
  ],
  render: (plan) =>
    `package mcpcors\n\nimport (\n${IMPORTS.map((name) => `\t"${name}"\n`).join('')})\n\n${policyData(plan)}${CODE}`,
} satisfies Target);
