import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIBRARY = 'packages/mcp-cors/src';
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

/** Imports that would turn an arrow of docs/architecture.md around. */
const AGAINST_THE_ARROWS = [
  { room: 'policy', statement: "import { mcpCors } from '../adapters/node.js'; export const x = mcpCors;" },
  { room: 'policy', statement: "import { run } from '../cli/main.js'; export const x = run;" },
  { room: 'policy', statement: "import { readFileSync } from 'node:fs'; export const x = readFileSync;" },
  { room: 'policy', statement: 'export const x = process.env;' },
  { room: 'policy', statement: "export const x = document.querySelector('a');" },
  {
    room: 'policy',
    statement: "import { createAdmit } from '../carrier/index.js'; export const x = createAdmit;",
  },
  {
    room: 'session',
    statement: "import { createAdmit } from '../carrier/index.js'; export const x = createAdmit;",
  },
  { room: 'session', statement: "import { createHmac } from 'node:crypto'; export const x = createHmac;" },
  { room: 'carrier', statement: "import { mcpCors } from '../adapters/node.js'; export const x = mcpCors;" },
  { room: 'adapters', statement: "import { run } from '../cli/main.js'; export const x = run;" },
  {
    room: 'browser',
    statement: "import { createAdmit } from '../carrier/index.js'; export const x = createAdmit;",
  },
  { room: 'browser', statement: "import { request } from 'node:http'; export const x = request;" },
  { room: 'render', statement: "import { run } from '../cli/main.js'; export const x = run;" },
  {
    room: 'render',
    statement: "import { createAdmit } from '../carrier/index.js'; export const x = createAdmit;",
  },
  { room: 'render', statement: "import { examine } from '../doctor/index.js'; export const x = examine;" },
  { room: 'render', statement: "import { readFileSync } from 'node:fs'; export const x = readFileSync;" },
  { room: 'import', statement: "import { run } from '../cli/main.js'; export const x = run;" },
  { room: 'import', statement: "import { render } from '../render/index.js'; export const x = render;" },
  { room: 'import', statement: "import { readFileSync } from 'node:fs'; export const x = readFileSync;" },
  { room: 'doctor', statement: "import { run } from '../cli/main.js'; export const x = run;" },
];

describe('the compiler refuses what goes against the arrows', () => {
  let folder = '';

  beforeAll(() => {
    // Inside the package, so that the copy finds the same dependencies.
    folder = mkdtempSync(join(ROOT, 'packages/mcp-cors/.arrows-'));
    cpSync(join(ROOT, 'tsconfig.base.json'), join(folder, 'tsconfig.base.json'));
    cpSync(join(ROOT, LIBRARY), join(folder, LIBRARY), { recursive: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const build = (room: string): { readonly status: number | null; readonly output: string } => {
    const { status, stdout } = spawnSync(process.execPath, [TSC, '-b', join(folder, LIBRARY, room)], {
      encoding: 'utf8',
    });
    return { status, output: stdout };
  };

  test.each(['policy', 'session', 'carrier', 'adapters', 'browser', 'doctor', 'render', 'import', 'cli'])(
    '%s compiles as it is',
    (room) => {
      expect(build(room)).toMatchObject({ status: 0 });
    },
  );

  test.each(AGAINST_THE_ARROWS)('$room: $statement', ({ room, statement }) => {
    const intruder = join(folder, LIBRARY, room, 'intruder.ts');
    writeFileSync(intruder, `${statement}\n`);
    try {
      const { status, output } = build(room);
      expect(status).not.toBe(0);
      expect(output).toContain('intruder.ts');
    } finally {
      rmSync(intruder);
    }
  });
});
