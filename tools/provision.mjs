// Makes sure that what the tests need besides npm packages is there: installs Debian's packages when it may, and
// otherwise says exactly what is missing and how to get it.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

/** Where Chromium is looked for, in this order. */
export const CHROMIUM_PATHS = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].filter((path) => path !== undefined);

/** What is needed, the Debian packages that have it, and how to tell. */
const NEEDS = [
  {
    what: 'Chromium',
    debian: ['chromium'],
    present: () => CHROMIUM_PATHS.some((path) => existsSync(path)),
    otherwise: ', or set CHROMIUM_PATH to it',
  },
  { what: 'nginx', debian: ['nginx'], present: () => runs('nginx', '-v') },
  { what: 'Caddy', debian: ['caddy'], present: () => runs('caddy', 'version') },
  { what: 'HAProxy', debian: ['haproxy'], present: () => runs('haproxy', '-v') },
  { what: 'Apache', debian: ['apache2'], present: () => runs('apache2', '-v') },
  // Which compiles and runs C#, but is not .NET.
  {
    what: 'Mono',
    debian: ['mono-mcs', 'mono-runtime'],
    present: () => runs('mcs', '--version') && runs('mono', '--version'),
  },
  {
    what: 'certutil',
    debian: ['libnss3-tools'],
    // It has no call that does nothing and succeeds.
    present: () => spawnSync('certutil', ['-H'], { stdio: 'ignore' }).error === undefined,
  },
  {
    what: 'FastAPI and uvicorn for /usr/bin/python3',
    debian: ['python3-fastapi', 'uvicorn'],
    present: () => runs('/usr/bin/python3', '-c', 'import fastapi, starlette, uvicorn'),
  },
];

/** The oldest Go that the target `go` is for. */
const OLDEST_GO = '1.22';

/**
 * Go, which the tests can do without: where Debian's is older, or none may be installed, those of the target `go` are left
 * out, and say so.
 */
const GO = { debian: 'golang-go', present: isGoNewEnough };

function isGoNewEnough() {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const [, minor] = /go1\.(\d+)/.exec(stdout ?? '') ?? [];
  return Number(minor) >= Number(OLDEST_GO.split('.')[1]);
}

/** Whether Debian's package is new enough; a version looks like 2:1.24~2. */
function debianHasGo() {
  const { stdout } = spawnSync('apt-cache', ['policy', GO.debian], { encoding: 'utf8' });
  const [, candidate = ''] = /Candidate: (\S+)/.exec(stdout ?? '') ?? [];
  const comparison = ['--compare-versions', candidate, 'ge', `2:${OLDEST_GO}`];
  return /^\d/.test(candidate) && spawnSync('dpkg', comparison).status === 0;
}

/** Where programs for administrators are on Debian, also for those who are not. */
const ADMIN_PATHS = '/usr/local/sbin:/usr/sbin:/sbin';

/** Whether a program is there and starts. */
function runs(program, ...args) {
  const env = { ...process.env, PATH: `${process.env.PATH}:${ADMIN_PATHS}` };
  return spawnSync(program, args, { env, stdio: 'ignore' }).status === 0;
}

/** Debian asks this file whether a package may start its service; the tests start what they need themselves. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/** Does something while no package may start a service. */
function withoutServices(action) {
  if (existsSync(SERVICE_POLICY)) return action();
  writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n');
  chmodSync(SERVICE_POLICY, 0o755);
  try {
    return action();
  } finally {
    rmSync(SERVICE_POLICY, { force: true });
  }
}

/** Installs what is missing. Gives a sentence for each need that is still not met. */
export function provision() {
  const missing = NEEDS.filter((need) => !need.present());
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const packages = missing.flatMap((need) => need.debian);
    withoutServices(() => {
      if (missing.length > 0 || !GO.present()) apt('update');
      if (missing.length > 0) {
        const names = missing.map((need) => need.what).join(', ');
        console.log(`installing ${packages.join(', ')}: the tests need ${names}`);
        apt('install', '-y', '--no-install-recommends', ...packages);
      }
      if (!GO.present() && debianHasGo()) {
        console.log(`installing ${GO.debian}: the tests of the target go need it`);
        apt('install', '-y', '--no-install-recommends', GO.debian);
      }
    });
  }
  if (!GO.present()) {
    console.log(`there is no Go ${OLDEST_GO} or later here: the tests of the target go are left out`);
  }
  return NEEDS.filter((need) => !need.present()).map(
    ({ what, debian, otherwise = '' }) =>
      `${what}: missing; install it (Debian: apt-get install ${debian.join(' ')})${otherwise}`,
  );
}

function apt(...args) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stderr } = spawnSync('apt-get', args, { env: environment, encoding: 'utf8' });
  if (status !== 0) console.error(`apt-get ${args.join(' ')} failed:\n${stderr}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const faults = provision();
  for (const fault of faults) console.error(`error: ${fault}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
