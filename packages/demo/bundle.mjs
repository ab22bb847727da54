import { copyFile, mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

const page = new URL('./page/', import.meta.url);
const output = new URL('./dist/page/', import.meta.url);

await mkdir(output, { recursive: true });
await build({
  entryPoints: [new URL('main.ts', page).pathname],
  outfile: new URL('main.js', output).pathname,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2023',
  minify: true,
  legalComments: 'linked',
  logLevel: 'warning',
});
for (const file of ['index.html', 'style.css']) await copyFile(new URL(file, page), new URL(file, output));
