import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { GatewayConfigError, type GatewayIssue } from '../errors.js';

/** Where a local authority is kept. */
export interface AuthorityStore {
  /** Key and certificate in PEM, or undefined where there are none. */
  read(): string | undefined;
  write(pem: string): void;
  /** Puts the certificate alone beside them, for people to trust, and gives the name of its file. */
  publish(certificate: string): string;
}

/** The folder of this user's data, by the custom of the platform. */
export function dataFolder(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const { XDG_DATA_HOME, LOCALAPPDATA } = environment;
  if (XDG_DATA_HOME?.startsWith('/')) return join(XDG_DATA_HOME, 'mcp-cors'); // relative ones are to be ignored
  if (platform === 'win32') return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'mcp-cors');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'mcp-cors');
  return join(homedir(), '.local', 'share', 'mcp-cors');
}

/**
 * Makes a store in a folder that its owner alone may open.
 * @throws {GatewayConfigError} from each of its functions, when a file cannot be used.
 */
export function createAuthorityStore(folder: string = dataFolder(), name: string): AuthorityStore {
  const secret = join(folder, `${name}.key.pem`);
  const shown = join(folder, `${name}.pem`);

  /** Writes beside and moves into place, so that nobody ever reads a half. */
  function write(file: string, text: string, mode: number): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${randomBytes(6).toString('hex')}`;
    writeFileSync(draft, text, { mode, flag: 'wx' });
    chmodSync(draft, mode); // whatever the process's umask is
    renameSync(draft, file);
  }

  function orIssue<T>(what: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof GatewayConfigError) throw error;
      throw refusal(
        'tls-auto-folder',
        `cannot ${what} ${folder}: ${(error as Error).message}`,
        'Let this user write there, name another place in XDG_DATA_HOME, or write tls: { cert: FILE, key: FILE }',
      );
    }
  }

  return {
    read: () =>
      orIssue('read the local authority in', () => {
        const found = statSync(secret, { throwIfNoEntry: false });
        if (found === undefined) return undefined;
        refuseExposed(secret, found);
        return readFileSync(secret, 'utf8');
      }),
    write: (pem) => orIssue('keep a local authority in', () => write(secret, pem, 0o600)),
    publish: (certificate) =>
      orIssue('keep a local authority in', () => {
        const found = statSync(shown, { throwIfNoEntry: false });
        if (found === undefined || readFileSync(shown, 'utf8') !== certificate)
          write(shown, certificate, 0o644);
        return shown;
      }),
  };
}

/** A key that others could read is no longer its owner's alone. */
function refuseExposed(file: string, { mode, uid }: { readonly mode: number; readonly uid: number }): void {
  if (process.getuid === undefined) return; // Windows, where the folder of the user's data is the user's alone
  const others = (mode & 0o077) !== 0;
  if (!others && (uid === process.getuid() || uid === 0)) return;
  throw refusal(
    'tls-auto-key-exposed',
    others
      ? `others may read the key of the local authority, ${file}`
      : `the key of the local authority, ${file}, belongs to another user`,
    'Stop trusting that authority and remove the file; the next start makes another',
  );
}

function refusal(code: string, message: string, remedy: string): GatewayConfigError {
  const issue: GatewayIssue = { code, path: 'tls', message, remedy };
  return new GatewayConfigError([issue]);
}
