import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopbackListen } from './config/listen.js';
import type { Route } from './config/routes.js';
import type { GatewayIssue } from './errors.js';

/** A gateway in front of itself would forward a request until something breaks. */
export function loopIssues(
  routes: readonly Route[],
  { address, port }: AddressInfo,
): readonly GatewayIssue[] {
  return routes
    .flatMap((route) => route.replicas?.map((replica) => replica.route) ?? [route])
    .filter(({ upstream }) => portOf(upstream) === port && leadsTo(upstream.hostname, address))
    .map(({ upstream }) => ({
      code: 'upstream-is-gateway',
      path: 'routes',
      message: `the upstream ${upstream.href} is the gateway itself`,
      remedy: 'Give the gateway another port, or name the server behind it',
    }));
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

/** Whether connections to the host of a URL arrive at a listening address. */
function leadsTo(hostname: string, listening: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host === listening) return true;
  const anyLocal = host === 'localhost' || isUnspecified(host);
  if (!isUnspecified(listening)) return anyLocal && isLoopbackListen(listening);
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return anyLocal || isLoopbackListen(host) || own.some(({ address }) => address === host);
}

function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
