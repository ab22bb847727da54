import { CommandError } from './terminal.js';

/** Loads a package that a command needs and that is installed beside this one, or says how to get it. */
export async function loadPackage<T>(name: string, command: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !(error as Error).message.includes(name)) throw error;
    throw new CommandError(
      `mcp-cors ${command} needs the package ${name}`,
      `Install it: npm install ${name}`,
    );
  }
}
