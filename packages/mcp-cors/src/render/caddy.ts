import { type NamedRoute, siteBlock } from './caddy/server.js';
import {
  ADDRESS_SPELLINGS,
  always,
  DEBUG_NAMES,
  DIRECTORIES,
  type Limit,
  SEALED_SESSIONS,
} from './limits.js';
import type { Plan, PolicyPlan } from './plan.js';
import type { Target } from './target.js';

/** What Caddy cannot express. */
const LIMITS: readonly Limit[] = [
  SEALED_SESSIONS,
  DIRECTORIES,
  ADDRESS_SPELLINGS,
  DEBUG_NAMES,
  {
    id: 'asterisk-form',
    weakens: false,
    concerns: always,
    what: 'OPTIONS * is answered with 200 and nothing else, and reaches no server.',
    why: "Go's HTTP server answers it before any configuration.",
    instead: 'Nothing: no browser and no MCP client sends it.',
  },
  {
    id: 'joined-lines',
    weakens: false,
    concerns: always,
    what: 'A list of requested headers that comes in several lines is answered with a comma alone between them.',
    why: 'Caddy joins lines so. The list is the same.',
    instead: 'Nothing: no browser repeats a line.',
  },
  {
    id: 'unreadable-requests',
    weakens: false,
    concerns: always,
    what: 'What Caddy cannot parse, such as a Host that is none, is refused with 400, whatever else would be wrong with it.',
    why: 'Its parser comes before any configuration.',
    instead: 'Nothing: such a request reaches nobody.',
  },
];

/** Caddy, as it is distributed: no modules besides. */
export const CADDY: Target = Object.freeze({
  name: 'caddy',
  title: 'Caddy 2.6 or later',
  file: 'mcp-cors.caddy',
  type: 'proxy',
  comment: '#',
  limits: LIMITS,
  use: ({ name }) => [
    'Import it at the end of /etc/caddy/Caddyfile (import mcp-cors.caddy). Try it with: caddy validate --config Caddyfile',
    `Every placeholder and matcher begins with ${name}. For HTTPS put the public name in place of http:// and the port.`,
  ],
  render,
} satisfies Target);

function render(plan: Plan): string {
  const policies = [...new Set(plan.routes.map(({ policy }) => policy))];
  const nameOf = (policy: PolicyPlan): string => {
    const i = policies.indexOf(policy);
    return i === 0 ? plan.name : `${plan.name}${i + 1}`;
  };
  return siteBlock(
    plan,
    plan.routes.map((route): NamedRoute => ({ ...route, name: nameOf(route.policy) })),
  );
}
