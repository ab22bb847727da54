import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ProxyServer } from '../servers.js';

/** Whether Mono is there, which is not ASP.NET Core, but compiles and runs C#. */
export function hasMono(): boolean {
  return spawnSync('mcs', ['--version']).status === 0;
}

/** The path of a source of this folder. */
export function sourcePath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** Compiles rendered files, number N in the namespace PN, with further sources into a program. Warnings are errors. */
export function compile(folder: string, rendered: readonly string[], ...sources: readonly string[]): string {
  const files = rendered.map((text, i) => {
    const file = `${folder}/p${i}.cs`;
    // Mono knows no nullable references, which the file turns off.
    writeFileSync(
      file,
      text.replace('#nullable disable\n', '').replace('namespace McpCors\n', `namespace P${i}\n`),
    );
    return file;
  });
  const out = `${folder}/program${rendered.length}.exe`;
  const strict = ['-warn:4', '-warnaserror', '-r:System.dll', '-r:System.Core.dll'];
  run('mcs', [...strict, `-out:${out}`, ...files, ...sources]);
  return out;
}

/** Rendered middleware, each on a port of its own, behind what stands in for Kestrel. Compiled before it is started. */
export const STAND_IN: ProxyServer = {
  program: (texts, folder, ports, sites) => ({
    command: ['mono', `${folder}/program${texts.length}.exe`, `${folder}/sites`],
    prepare: () => {
      compile(folder, texts, ...['StandIn.cs', 'Declarations.cs'].map(sourcePath));
    },
    files: {
      sites: sites
        .map(({ policy, upstream }, i) =>
          [ports[i], new URL(upstream).port, policy.sessions?.secret ?? []].flat().join('\t'),
        )
        .join('\n'),
    },
  }),
};

export function run(program: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${program}: ${stdout}${stderr}`);
  return stdout;
}
