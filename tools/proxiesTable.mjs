// Writes the tables of docs/proxies.md from what the tests go by: the vectors, the limits of each target, and the vectors
// that a limit excuses it from. With --check it writes nothing, prints the first table, and fails when the file is stale.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { targets } from '../packages/mcp-cors/dist/render/index.js';

const ROOT = new URL('../', import.meta.url);
const PAGE = new URL('docs/proxies.md', ROOT);
const BEGIN = '<!-- Written by tools/proxiesTable.mjs: begin -->';
const END = '<!-- end -->';

/** How many vectors can be put on a wire; what only the policy can be shown cannot. */
function countVectors() {
  const folder = new URL('test/vectors/', ROOT);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')).vectors)
    .filter(({ only }) => only === undefined || only.some((carrier) => carrier !== 'policy')).length;
}

/** For each limit the vectors that it excuses; undefined when the target is not shown the vectors. */
function excusesOf(name) {
  const file = new URL(`test/proxies/excuses/${name}.json`, ROOT);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * What was seen where a target's server is no package of npm or Debian: on which day, with what, and how many vectors
 * there were then.
 */
function byHand() {
  return read('test/proxies/byHand.json');
}

/** What stood in for servers that cannot be had, by targets. */
function standIns() {
  return read('test/proxies/standIns.json');
}

function read(file) {
  return JSON.parse(readFileSync(new URL(file, ROOT), 'utf8'));
}

function summaries() {
  const all = countVectors();
  const seen = byHand();
  const standing = standIns();
  return targets().map((target) => {
    const excuses = excusesOf(target.name);
    const excused = Object.values(excuses ?? {}).reduce((sum, vectors) => sum + vectors.length, 0);
    const { on, with: server, vectors = all } = seen[target.name] ?? {};
    const byOthers =
      on === undefined ? standing[target.name] : `seen on ${on} with ${server}, not by npm test`;
    return { target, excuses, all: vectors, excused, reserve: byOthers === undefined ? '' : `; ${byOthers}` };
  });
}

function row(cells) {
  return `| ${cells.join(' | ')} |`;
}

function table(heads, rows) {
  return [row(heads), row(heads.map(() => '---')), ...rows.map(row)].join('\n');
}

/** A text in a cell. */
function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('*', '\\*').replaceAll('_', '\\_');
}

/** The whole text between the marks. */
function render() {
  const found = summaries();
  const overview = table(
    ['target', 'for', 'file', 'vectors passed', 'not expressible'],
    found.map(({ target, excuses, all, excused, reserve }) => [
      `\`${target.name}\``,
      cell(target.title),
      `\`${target.file}\``,
      excuses === undefined ? 'not run here' : `${all - excused} of ${all - excused}${reserve}`,
      excuses === undefined ? '' : String(excused),
    ]),
  );
  const details = found.map(({ target, excuses }) => {
    const heading = `### What ${target.name} does not do`;
    if (target.limits.length === 0) return `${heading}\n\nNothing that the policy asks for.`;
    const rows = target.limits.map(({ id, weakens, what, why, instead }) => [
      `\`${id}\``,
      weakens ? '**yes**' : 'no',
      String(excuses?.[id]?.length ?? 0),
      cell(`${what} ${why}`),
      cell(instead),
    ]);
    return `${heading}\n\n${table(['limit', 'weaker', 'vectors', 'what and why', 'instead'], rows)}`;
  });
  return [overview, ...details].join('\n\n');
}

function main(check) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/proxies.md has no marks ${BEGIN} and ${END}`);
  const made = `${before}${BEGIN}\n\n${render()}\n\n${END}${after}`;
  if (!check) {
    writeFileSync(PAGE, made);
    return;
  }
  for (const { target, excuses, all, excused, reserve } of summaries()) {
    const result =
      excuses === undefined
        ? 'not run here'
        : `${all - excused} of ${all - excused} expressible vectors, ${excused} not expressible${reserve}`;
    console.log(`${target.name.padEnd(22)} ${result}`);
  }
  if (made !== page) {
    console.error('error: the tables of docs/proxies.md are stale');
    console.error('hint: run npm run build && node tools/proxiesTable.mjs');
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.includes('--check'));
