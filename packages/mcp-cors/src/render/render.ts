import { type Policy, type PolicyConfig, toPolicy } from '../policy/index.js';
import { nearestName } from '../policy/spelling.js';
import { commentLines } from './comment.js';
import { RenderError } from './errors.js';
import type { Limit } from './limits.js';
import {
  DEFAULT_LISTEN,
  DEFAULT_UPSTREAM,
  readListen,
  readLog,
  readRoutePath,
  readUpstream,
} from './place.js';
import { PLAN_LISTS, type Plan, planPolicy, type RoutePlan } from './plan.js';
import { TARGETS } from './registry.js';
import type { Target } from './target.js';

/** A part of the path space and the server behind it. */
export interface RenderRoute {
  /** A path prefix by whole segments: `/mcp` holds `/mcp` and `/mcp/x`. */
  readonly path: string;
  /** Whether the route holds its path alone, and nothing below it. Default false. */
  readonly exact?: boolean | undefined;
  /** An http or https URL; its path stands in place of the route's. */
  readonly upstream: string;
  /** In place of the policy that `render` is given. */
  readonly policy?: Policy | PolicyConfig | undefined;
}

export interface RenderOptions {
  /** Render although the target cannot hold the policy whole; the output lists each weakening. */
  readonly allowWeaker?: boolean | undefined;
  /** The server behind a proxy. Default `http://127.0.0.1:3000`. Its path is the public path. */
  readonly upstream?: string | undefined;
  /** In place of `upstream`: several servers. Proxies alone. */
  readonly routes?: readonly RenderRoute[] | undefined;
  /** Where a proxy listens. Default `127.0.0.1:8808`. */
  readonly listen?: string | undefined;
  /** The file to which a proxy writes what report-only mode reports. Default: where the proxy keeps its logs. */
  readonly log?: string | undefined;
  /** Begins every name that the output defines. Default `mcp`. */
  readonly name?: string | undefined;
}

/** What there is to know about a target before it is rendered. */
export type TargetFacts = Pick<Target, 'name' | 'title' | 'file' | 'type' | 'limits'>;

/** Every target, in the order of the documentation. */
export function targets(): readonly TargetFacts[] {
  return TARGETS;
}

/**
 * Renders a policy as the configuration or the source of a target: complete, deterministic, with what the target cannot
 * express at its top.
 *
 * @throws {RenderError} `target-weaker` when the target would weaken the policy, unless `allowWeaker`.
 * @throws {PolicyConfigError} as `createPolicy` does.
 */
export function render(target: string, policy: Policy | PolicyConfig, options: RenderOptions = {}): string {
  const found = findTarget(target);
  const plan = createPlan(found, toPolicy(policy), options);
  const concerned = limitsOfPlan(found, plan);
  const weakenings = concerned.filter(({ weakens }) => weakens);
  if (weakenings.length > 0 && options.allowWeaker !== true) {
    throw new RenderError(
      'target-weaker',
      `${found.title} cannot hold this policy whole: ${weakenings.map(({ what }) => what).join(' ')}`,
      'Allow that (allowWeaker, or --allow-weaker), or follow the advice of each limit.',
      weakenings,
    );
  }
  return `${head(found, plan, concerned)}\n${found.render(plan)}`;
}

/** The limits of a target that concern a policy, or the policies of routes. */
export function limitsOf(
  target: string,
  policy: Policy | PolicyConfig,
  options: RenderOptions = {},
): readonly Limit[] {
  const found = findTarget(target);
  return limitsOfPlan(found, createPlan(found, toPolicy(policy), options));
}

function limitsOfPlan({ limits }: Target, { routes }: Plan): readonly Limit[] {
  return limits.filter(({ concerns }) => routes.some(({ policy }) => concerns(policy)));
}

function findTarget(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found !== undefined) return found;
  const names = TARGETS.map((target) => target.name);
  const near = nearestName(name, names);
  throw new RenderError(
    'target-unknown',
    `there is no target ${JSON.stringify(name)}`,
    near === undefined ? `Use one of ${names.join(', ')}.` : `Did you mean ${near}?`,
  );
}

function createPlan(target: Target, policy: Policy, options: RenderOptions): Plan {
  const { name = 'mcp', listen = DEFAULT_LISTEN } = options;
  // Engines take 32 characters for the name of a group, and the output's own words follow this one.
  if (!/^[a-z][a-z0-9]{0,15}$/.test(name)) {
    throw new RenderError(
      'name-invalid',
      `${JSON.stringify(name)} cannot begin names`,
      'Use up to 16 lower-case letters and digits, a letter first.',
    );
  }
  const plans = new Map<Policy, RoutePlan['policy']>();
  const planned = (one: Policy): RoutePlan['policy'] => {
    const plan = plans.get(one) ?? planPolicy(one);
    plans.set(one, plan);
    return plan;
  };
  const routes = readRoutes(options, policy).map((route) => ({ ...route, policy: planned(route.policy) }));
  const [first, ...others] = routes.sort(
    (a, b) => b.path.length - a.path.length || Number(b.exact) - Number(a.exact),
  );
  if (first === undefined) {
    throw new RenderError('route-invalid', 'there is no route', 'Name a server, or leave routes out.');
  }
  if (target.type === 'middleware' && plans.size > 1) {
    throw new RenderError(
      'routes-not-supported',
      `${target.title} stands in one application and holds one policy, and the routes have ${plans.size}`,
      'Render each policy by itself.',
    );
  }
  return {
    name,
    listen: readListen(listen),
    log: options.log === undefined ? undefined : readLog(options.log),
    routes: [first, ...others],
    ...PLAN_LISTS,
  };
}

function readRoutes(
  { routes, upstream = DEFAULT_UPSTREAM }: RenderOptions,
  policy: Policy,
): (Omit<RoutePlan, 'policy'> & { readonly policy: Policy })[] {
  if (routes === undefined) {
    const server = readUpstream(upstream);
    return [{ path: server.path, exact: false, upstream: server, policy }];
  }
  const read = routes.map((route) => ({
    path: readRoutePath(route.path, route.exact ?? false),
    exact: route.exact ?? false,
    upstream: readUpstream(route.upstream),
    policy: route.policy === undefined ? policy : toPolicy(route.policy),
  }));
  const held = ({ path, exact }: Pick<RoutePlan, 'path' | 'exact'>): string =>
    `${path || '/'}${exact ? ' exactly' : ''}`;
  const twice = read.find((route, i) => read.findIndex((other) => held(other) === held(route)) !== i);
  if (twice === undefined) return read;
  throw new RenderError('route-invalid', `the path ${held(twice)} has two routes`, 'Remove one of them.');
}

/** What stands at the top of every output. */
function head(target: Target, plan: Plan, concerned: readonly Limit[]): string {
  const weaker = concerned.filter(({ weakens }) => weakens);
  const others = concerned.filter(({ weakens }) => !weakens);
  return commentLines(target.comment, [
    `An mcp-cors policy for ${target.title}. Made by mcp-cors render ${target.name}: change the policy and render again, rather than this file.`,
    '',
    ...target.use(plan),
    ...(weaker.length === 0 ? [] : ['', 'WEAKER THAN THE POLICY, as was allowed:']),
    ...weaker.flatMap(limitLines),
    ...(others.length === 0 ? [] : ['', 'Different from the policy, and no weaker:']),
    ...others.flatMap(limitLines),
  ]);
}

function limitLines({ id, what, why, instead }: Limit): readonly string[] {
  return [`- ${id}: ${what} ${why}`, `  Instead: ${instead}`];
}
