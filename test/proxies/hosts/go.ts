import { buildModule, goSource, listOfPackages } from '../go/toolchain.js';
import type { ProxyServer } from '../servers.js';

/** Rendered packages in one program, each around a reverse proxy on a port of its own. Built before it is started. */
export const GO_SERVER: ProxyServer = {
  program: (texts, folder, ports, sites) => ({
    command: [`${folder}/server`, `${folder}/sites.json`],
    prepare: () =>
      buildModule(
        folder,
        {
          'serve.go': goSource('serve.go'),
          'guards.go': listOfPackages(texts.length, 'guards', 'func(http.Handler) http.Handler', 'Guard'),
        },
        texts.map((text) => ({ 'mcpcors.go': text })),
      ),
    files: {
      'sites.json': JSON.stringify(
        sites.map(({ policy, upstream }, i) => ({
          port: String(ports[i]),
          upstream,
          secrets: [policy.sessions?.secret ?? []].flat(),
        })),
      ),
    },
  }),
};
