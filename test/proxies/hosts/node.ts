import { symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ProxyServer } from '../servers.js';

/** Where the packages are that rendered modules import. */
const PACKAGES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** A program of this folder that serves rendered modules under Node. */
export function createNodeServer(program: string): ProxyServer {
  const host = fileURLToPath(new URL(program, import.meta.url));
  return {
    program: (texts, folder, ports, sites) => {
      const served = texts.map((_, i) => ({
        file: `site${i}.mjs`,
        port: ports[i],
        upstream: sites[i]?.upstream,
        secrets: sites[i]?.policy.sessions?.secret,
      }));
      return {
        command: [process.execPath, host, folder, JSON.stringify(served)],
        prepare: () => symlinkSync(PACKAGES, `${folder}/node_modules`),
        files: Object.fromEntries(texts.map((text, i) => [`site${i}.mjs`, text])),
      };
    },
  };
}
