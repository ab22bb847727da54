import type { Policy, PolicyConfig } from '../policy/index.js';
import { type Carried, createCarrier, follow, type NodeCarrierOptions, PASSED } from './carry.js';
import type { NodeRequest } from './request.js';
import type { NodeResponse } from './response.js';

export type { CarrierOptions, DecisionEvent, Limiter, LimiterConfig, NodeCarrierOptions } from './node.js';

/** A Fastify request, by the parts that are used. */
export interface FastifyRequestLike {
  readonly raw: NodeRequest & { readonly originalUrl?: string };
  readonly query: unknown;
  readonly log: { error(fault: unknown, message?: string): void };
}

/** A Fastify reply, by the parts that are used. */
export interface FastifyReplyLike {
  readonly raw: NodeResponse;
  readonly sent: boolean;
  hijack(): unknown;
}

/** A Fastify instance, by the parts that are used. */
export interface FastifyInstanceLike {
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: Error) => void) => void,
  ): unknown;
}

/** A Fastify plugin. */
export type FastifyPlugin = (
  instance: FastifyInstanceLike,
  options: unknown,
  done: (error?: Error) => void,
) => void;

/**
 * A plugin for Fastify 5: `app.register(mcpCors({ origins: ['https://app.example.com'] }))`, before other plugins and
 * hooks, which run in their order. It holds for the whole instance that it is registered with, 404s included, and for
 * those below. What Fastify answers before any hook, it does not see: there, put the policy in front of Fastify,
 * with `serverFactory` and `mcp-cors/node`.
 *
 * @throws {PolicyConfigError} when the configuration is not valid.
 * @see https://fastify.dev/docs/latest/Reference/Lifecycle/
 */
export function mcpCors(
  configOrPolicy: PolicyConfig | Policy,
  options: NodeCarrierOptions = {},
): FastifyPlugin {
  const carry = createCarrier(configOrPolicy, options);

  function plugin(...[instance, , ready]: Parameters<FastifyPlugin>): void {
    instance.addHook('onRequest', function mcpCors(request, reply, done) {
      const { raw } = request;
      const target = raw.originalUrl ?? raw.url ?? '/';
      try {
        const carried = carry(raw, reply.raw, target);
        if (carried !== PASSED) return proceed(carried, target, request, reply, done);
      } catch (fault) {
        return fail(fault, request, reply, done);
      }
      done();
    });
    ready();
  }

  return Object.assign(plugin, {
    // Without it, Fastify would keep the hook from everything outside of the plugin.
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'mcp-cors',
    [Symbol.for('plugin-meta')]: { name: 'mcp-cors', fastify: '5.x' },
  });
}

type Hook = Parameters<FastifyInstanceLike['addHook']>[1];

function proceed(
  carried: Carried | Promise<Carried>,
  target: string,
  ...[request, reply, done]: Parameters<Hook>
): void {
  follow(
    carried,
    (opened) => {
      if (opened !== undefined) openQuery(request.query, target, opened);
      done();
    },
    (fault) => fail(fault, request, reply, done),
    () => reply.hijack(),
  );
}

function fail(fault: unknown, ...[request, reply, done]: Parameters<Hook>): void {
  // Fastify drops errors after the answer without a word.
  if (reply.sent) request.log.error(fault, 'mcp-cors: failed after its answer');
  else done(fault instanceof Error ? fault : new Error(String(fault)));
}

/** Opens the session in a query that was parsed before. Where a parser of one's own left it, is not known. */
function openQuery(query: unknown, target: string, opened: string): void {
  if (typeof query !== 'object' || query === null) return;
  const parsed = query as Record<string, unknown>;
  const before = parametersOf(target);
  for (const [i, [name, value]] of parametersOf(opened).entries()) {
    if (value !== before[i]?.[1] && parsed[name] === before[i]?.[1]) parsed[name] = value;
  }
}

function parametersOf(target: string): readonly (readonly [name: string, value: string])[] {
  return [...new URLSearchParams(target.slice(target.indexOf('?') + 1))];
}
