import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../../../packages/mcp-cors/src/doctor/index.js';
import { COMMAND, createFolder, startScript } from '../../cli/command.js';
import type { Program } from '../../fixtures/servers/program.js';
import { startServer } from '../../proxies/place.js';
import { serverOf } from '../../proxies/proxies.js';

/** Starts the real server of a target with one configuration. */
export async function startTarget(
  target: string,
  configure: (port: number) => string,
  upstream: string,
): Promise<Program> {
  const started = await startServer(1, ([port = 0], folder) =>
    serverOf(target).program([configure(port)], folder, [port], [{ policy: { origins: [] }, upstream }]),
  );
  const [port = 0] = started.ports;
  return { port, origin: `http://127.0.0.1:${port}`, output: started.output, close: started.stop };
}

/** What a fix tells to do, as somebody would copy it. */
export interface Told {
  /** The words of the command that writes a file, without `npx mcp-cors`. */
  readonly command: readonly string[];
  readonly file: string;
  /** What the application says once the file is there. */
  readonly use: string;
}

/** Reads a fix as its reader does. */
export function readFix({ fix }: Pick<Finding, 'fix'>): Told {
  const [, ...parts] = fix.split('\n\n');
  const [command = '', ...rest] = parts;
  const words = command.replaceAll('\\\n', ' ').split(/\s+/);
  const end = rest.findIndex((part) => / its heart is:$/.test(part) || part.startsWith('Or put the gateway'));
  return {
    command: words.slice(words.indexOf('mcp-cors') + 1),
    file: words[words.indexOf('--output') + 1] ?? '',
    use: rest.slice(0, end).join('\n\n'),
  };
}

/** Runs the command of a fix and gives the file that it writes. @param options In place of those that it has. */
export async function writeTold(
  { command, file }: Told,
  options: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = createFolder();
  const words = [...command];
  for (const [option, value] of Object.entries(options)) {
    const place = words.indexOf(`--${option}`);
    if (place < 0) throw new Error(`${words.join(' ')} has no --${option}`);
    words[place + 1] = value;
  }
  const { code, err } = await startScript([COMMAND, ...words], { folder }).ending;
  if (code !== 0) throw new Error(`${words.join(' ')}: ${err}`);
  return readFileSync(join(folder, file), 'utf8');
}
