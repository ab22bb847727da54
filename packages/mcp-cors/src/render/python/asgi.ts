import { always, DIRECTORIES, type Limit } from '../limits.js';
import type { PolicyPlan } from '../plan.js';

/** What an ASGI middleware cannot express. */
export const ASGI_LIMITS: readonly Limit[] = [
  DIRECTORIES,
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What the server cannot parse is refused with 400, whatever else would be wrong with it.',
    why: 'Its parser comes before any application.',
    instead: 'Nothing: such a request reaches nobody.',
  },
  {
    id: 'absolute-form',
    weakens: false,
    concerns: always,
    what: 'A request target in absolute form counts as its path where the server tells no more.',
    why: 'uvicorn with httptools takes the host of such a target away; Host is checked all the same, and is all that the application sees. With h11 it is refused.',
    instead: 'Start uvicorn with --http h11, or leave it: no browser and no MCP client sends it to a server.',
  },
];

/** Where the secret of sessions goes: never into source. */
export function sessionAdvice({ settings, reportOnly }: PolicyPlan): readonly string[] {
  if (settings.sessions === undefined || reportOnly) return [];
  return [
    '',
    "Sessions are sealed with the secret in the environment variable MCP_CORS_SESSION_SECRETS, which is not in this file: one a line, the first seals, all are accepted. With the policy's own secret, replicas in Node and in Python share sessions.",
    'With add_middleware pass session_secrets=secrets_from_environment(): it is looked at when the module is loaded, while Starlette makes its middleware later, and uvicorn then starts without it and answers 500.',
  ];
}
