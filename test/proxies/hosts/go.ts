import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ProxyServer } from '../servers.js';

/** Whether there is a toolchain. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** Rendered packages in one program, each around a reverse proxy on a port of its own. Built before it is started. */
export const GO_SERVER: ProxyServer = {
  program: (texts, folder, ports, sites) => ({
    command: [`${folder}/server`],
    prepare: () => {
      texts.forEach((text, i) => {
        mkdirSync(`${folder}/p${i}`);
        writeFileSync(`${folder}/p${i}/mcpcors.go`, text);
      });
      writeFileSync(`${folder}/go.mod`, 'module site\n\ngo 1.22\n');
      writeFileSync(
        `${folder}/main.go`,
        mainOf(texts.map((_, i) => [ports[i] as number, sites[i]?.upstream ?? ''])),
      );
      const built = spawnSync('go', ['build', '-o', 'server', '.'], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOPROXY: 'off' },
      });
      if (built.status !== 0) throw new Error(`go build: ${built.stdout}${built.stderr}`);
    },
    files: {},
  }),
};

function mainOf(sites: readonly (readonly [port: number, upstream: string])[]): string {
  return `package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
${sites.map((_, i) => `\t"site/p${i}"`.replace('"site', `p${i} "site`)).join('\n')}
)

func serve(port, upstream string, guard func(http.Handler) http.Handler) {
	target, err := url.Parse(upstream)
	if err != nil {
		log.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = target.Scheme
			r.Out.URL.Host = target.Host
			r.Out.Host = r.In.Host
		},
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, guard(proxy)))
}

func main() {
${sites.map(([port, upstream], i) => `\tgo serve("${port}", "${upstream}", p${i}.Guard)`).join('\n')}
	select {}
}
`;
}
