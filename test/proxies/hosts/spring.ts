import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProxyServer } from '../servers.js';

/** The path of a program of the hosts. */
export function hostFile(name: string): string {
  return fileURLToPath(new URL(`spring/${name}`, import.meta.url));
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

const STRICT = ['-Xlint:all', '-Xlint:-classfile', '-Werror', '-proc:none', '-parameters'];

/** Compiles files against Spring into a folder; `javaCommand` runs what is in the folder `host`. */
export function compile(folder: string, ...files: readonly string[]): void {
  run(['javac', ...STRICT, '-cp', `${JARS}/*`, '-d', folder, ...files]);
}

/** Runs a program to its end, and gives what it prints. */
export function run([program, ...args]: readonly [string, ...string[]], input = ''): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}`);
  return stdout;
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
        compile(`${folder}/host`, hostFile('Host.java'));
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
