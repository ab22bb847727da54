import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProxyServer } from '../servers.js';

const HOST = fileURLToPath(new URL('spring/Host.java', import.meta.url));

/** The application in which everything goes wrong. */
export function applicationFile(): string {
  return fileURLToPath(new URL('spring/Application.java', import.meta.url));
}

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

/** Compiles files against Spring into a folder, from which `javaCommand` runs them. */
export function compileHost(folder: string, ...files: readonly string[]): void {
  run(['javac', ...STRICT, '-parameters', '-cp', `${JARS}/*`, '-d', `${folder}/host`, ...files]);
}

const STRICT = ['-Xlint:all', '-Xlint:-classfile', '-Werror', '-proc:none'];

function run([program, ...args]: readonly [string, ...string[]]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}`);
}

/** What starts a class of a host with Spring. */
export function javaCommand(folder: string, ...args: readonly string[]): readonly [string, ...string[]] {
  return ['java', '-XX:TieredStopAtLevel=1', '-cp', `${folder}/host:${JARS}/*`, ...args];
}

/** Rendered filters in one Spring Boot application, each on a port of its own. Compiled before it is started. */
export const SPRING_SERVER: ProxyServer = {
  program: (texts, folder, ports, sites) => {
    const served = sites.map(({ policy, upstream }, i) => ({
      port: ports[i],
      file: `${folder}/p${i}/McpCorsFilter.java`,
      upstream: Number(new URL(upstream).port),
      secrets: [policy.sessions?.secret ?? []].flat(),
    }));
    return {
      command: javaCommand(folder, 'host.Host', 'serve', `${folder}/sites.json`),
      prepare: () => {
        compileHost(folder, HOST);
        writeFileSync(`${folder}/sites.json`, JSON.stringify(served));
        for (const [i, { file }] of served.entries()) {
          mkdirSync(dirname(file));
          writeFileSync(file, texts[i] as string);
        }
        run(javaCommand(folder, 'host.Host', 'compile', `${folder}/sites.json`));
      },
      files: {},
    };
  },
};
