import { middlewareFile } from './go/module.js';
import { always, DIRECTORIES, type Limit } from './limits.js';
import type { Target } from './target.js';

/** What the Go middleware cannot express. */
const LIMITS: readonly Limit[] = [
  DIRECTORIES,
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What net/http cannot read, a malformed or repeated Host included, is refused with 400, whatever else would be wrong with it.',
    why: 'Its parser comes before any handler.',
    instead: 'Nothing: such a request reaches nobody.',
  },
  {
    id: 'asterisk-form',
    weakens: false,
    concerns: always,
    what: 'OPTIONS * is answered by net/http itself, unless DisableGeneralOptionsHandler is set on the server.',
    why: 'It keeps that request from handlers.',
    instead: 'Set it, as above, or leave it: no browser and no MCP client sends it.',
  },
];

/** Middleware for net/http, in one file: the standard library alone. */
export const GO: Target = Object.freeze({
  name: 'go',
  title: 'Go 1.22 or later, net/http',
  file: 'mcpcors.go',
  type: 'middleware',
  comment: '//',
  limits: LIMITS,
  use: ({ routes: [{ policy }] }) => [
    'Put this file into a folder mcpcors of your module, and Guard around everything, authentication included:',
    '',
    '    import "example.com/yours/mcpcors" // your module, as go.mod names it',
    '',
    '    server := &http.Server{',
    '        Addr:                         "127.0.0.1:3000",',
    '        Handler:                      mcpcors.Guard(handler),',
    '        ReadHeaderTimeout:            10 * time.Second,',
    '        DisableGeneralOptionsHandler: true,',
    '    }',
    '    log.Fatal(server.ListenAndServe())',
    '',
    'Set no WriteTimeout: it ends streams.',
    ...(policy.settings.sessions === undefined || policy.reportOnly
      ? []
      : [
          '',
          "Sessions are sealed with the secret in the environment variable MCP_CORS_SESSION_SECRETS, which is not in this file: one a line, the first seals, all are accepted. GuardWith takes it from elsewhere. With the policy's own secret, replicas in Node, Python and Go share sessions.",
        ]),
    '',
    'It needs nothing but the standard library. The policy is data, at the top; the code below is the same for every policy.',
  ],
  render: middlewareFile,
} satisfies Target);
