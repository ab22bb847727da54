// Makes sure that what the tests need besides npm packages is there: installs Debian's packages when it may, and
// otherwise says exactly what is missing and how to get it.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

/** Where Chromium is looked for, in this order. */
export const CHROMIUM_PATHS = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].filter((path) => path !== undefined);

/** What is needed, the Debian package that has it, and how to tell. */
const NEEDS = [
  { what: 'Chromium', debian: 'chromium', present: () => CHROMIUM_PATHS.some((path) => existsSync(path)) },
];

/** Installs what is missing. Gives a sentence for each need that is still not met. */
export function provision() {
  const missing = NEEDS.filter((need) => !need.present());
  if (missing.length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const packages = missing.map((need) => need.debian);
    console.log(
      `installing ${packages.join(', ')}: the tests need ${missing.map((need) => need.what).join(', ')}`,
    );
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
      const { status, stderr } = spawnSync('apt-get', args, { env: environment, encoding: 'utf8' });
      if (status !== 0) console.error(`apt-get ${args.join(' ')} failed:\n${stderr}`);
    }
  }
  return NEEDS.filter((need) => !need.present()).map(
    ({ what, debian }) =>
      `${what} is missing: install it (Debian: apt-get install ${debian}), or set CHROMIUM_PATH to it`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const faults = provision();
  for (const fault of faults) console.error(`error: ${fault}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
