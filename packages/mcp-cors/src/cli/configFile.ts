import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { PolicyConfig } from '../policy/index.js';
import { CommandError, CommandErrors } from './terminal.js';

/** The file that commands read when none is named. */
export const DEFAULT_CONFIG_FILE = 'mcp-cors.yaml';

/** Reads a YAML file (JSON is YAML too) whole, or says where it is wrong. */
export function readConfigFile(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new CommandError(`cannot read ${file}: ${why}`, 'Name the configuration with --config FILE.');
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new CommandErrors(
      document.errors.map(({ message, pos }) => {
        const { line, col } = lines.linePos(pos[0]);
        return { message: `${file}:${line}:${col}: ${message}`, hint: 'Correct the YAML at that place.' };
      }),
    );
  }
  return document.toJS({ maxAliasCount: 100 });
}

/** The policy of a file: under `policy` in a gateway's configuration, or the file as a whole. */
export function policyOf(config: unknown): { readonly policy: PolicyConfig; readonly prefix: string } {
  if (typeof config === 'object' && config !== null && 'policy' in config) {
    return { policy: config.policy as PolicyConfig, prefix: 'policy.' };
  }
  return { policy: config as PolicyConfig, prefix: '' };
}
