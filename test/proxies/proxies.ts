import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { type RenderOptions, render } from 'mcp-cors/render';
import { type Started, startServer } from './place.js';
import { type ProxyServer, SERVERS } from './servers.js';

/** A policy to be served, and what is behind it. */
export interface Site {
  readonly policy: StaticPolicyConfig;
  /** `http://127.0.0.1:PORT`. */
  readonly upstream: string;
  readonly options?: Omit<RenderOptions, 'upstream' | 'listen' | 'name'>;
}

/** Proxies of one kind, with one port for each site. */
export interface ServedSites {
  readonly target: string;
  readonly portOf: (site: number) => number;
  readonly started: Started;
}

/** Renders each site for a target and starts the real server with all of them, in one process where that can be. */
export async function serveSites(target: string, sites: readonly Site[]): Promise<ServedSites> {
  const server = serverOf(target);
  const started = await startServer(sites.length, (ports, folder) => {
    const texts = sites.map(({ policy, upstream, options }, i) =>
      render(target, createPolicy(policy), {
        allowWeaker: true,
        ...options,
        upstream,
        listen: `127.0.0.1:${ports[i]}`,
        name: `p${i}`,
        log: `${folder}/report.log`,
      }),
    );
    return server.program(texts, folder, ports, sites);
  });
  return { target, portOf: (site) => started.ports[site] as number, started };
}

export function serverOf(target: string): ProxyServer {
  const server = SERVERS[target];
  if (server === undefined) throw new Error(`there is no server for ${target}`);
  return server;
}
