import process from 'node:process';
import { openOriginStore } from './originStore.js';

const USAGE = 'npm run origins -- add|remove ORIGIN, or: npm run origins -- list';

/** The command that changes the allowlist while the server runs. Gives the exit code. */
async function run([command, origin, ...others]: readonly string[]): Promise<number> {
  const isList = command === 'list' && origin === undefined;
  const isChange = (command === 'add' || command === 'remove') && origin !== undefined && others.length === 0;
  if (!isList && !isChange) {
    process.stderr.write(`error: the command is not understood\nhint: ${USAGE}\n`);
    return 2;
  }
  const store = await openOriginStore(process.env.ORIGINS_FILE ?? 'origins.sqlite');
  try {
    if (isChange) {
      const changed = await store[command](origin);
      process.stdout.write(`${changed ? '' : 'nothing to do: '}${command} ${origin}\n`);
    } else for (const name of await store.all()) process.stdout.write(`${name}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  } finally {
    store.close();
  }
}

process.exitCode = await run(process.argv.slice(2));
