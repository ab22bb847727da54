import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ProxyServer } from '../servers.js';

const HOST = fileURLToPath(new URL('spring/Host.java', import.meta.url));

/** The folder with Spring Boot's jars (docs/proxies.md says how to fill it); npm has none of them. */
const JARS = process.env.MCP_CORS_SPRING_JARS ?? '';

/** Whether there are a JDK and Spring. */
export function hasSpring(): boolean {
  return (
    hasJdk() && existsSync(JARS) && readdirSync(JARS).some((name) => /^spring-webmvc-.*\.jar$/.test(name))
  );
}

/** Whether there is a compiler for Java. */
export function hasJdk(): boolean {
  return spawnSync('javac', ['-version']).status === 0;
}

/** Compiles the program of a host into a folder. */
export function compileHost(file: string, folder: string): void {
  const args = [
    '-Xlint:all',
    '-Xlint:-classfile',
    '-Werror',
    '-cp',
    `${JARS}/*`,
    '-d',
    `${folder}/host`,
    file,
  ];
  const { status, stdout, stderr } = spawnSync('javac', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`javac: ${stdout}${stderr}`);
}

/** What starts a class of a host with Spring. */
export function javaCommand(folder: string, ...args: readonly string[]): readonly [string, ...string[]] {
  return ['java', '-XX:TieredStopAtLevel=1', '-cp', `${folder}/host:${JARS}/*`, ...args];
}

/** Rendered filters in one Spring Boot application, each on a port of its own. */
export const SPRING_SERVER: ProxyServer = {
  program: (texts, folder, ports, sites) => ({
    command: javaCommand(folder, 'Host', `${folder}/sites.json`),
    prepare: () => {
      compileHost(HOST, folder);
      texts.forEach((_, i) => {
        mkdirSync(`${folder}/p${i}`);
      });
    },
    files: {
      ...Object.fromEntries(texts.map((text, i) => [`p${i}/McpCorsFilter.java`, text])),
      'sites.json': JSON.stringify(
        sites.map(({ policy, upstream }, i) => ({
          port: ports[i],
          file: `${folder}/p${i}/McpCorsFilter.java`,
          upstream: Number(new URL(upstream).port),
          secrets: [policy.sessions?.secret ?? []].flat(),
        })),
      ),
    },
  }),
};
