import type { RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Resolves what a page imports as the demo's page does. */
const FOLDER = fileURLToPath(new URL('../../packages/demo/page/', import.meta.url));

/** Serves a page with a program in it, whatever is asked for. */
export async function createPage(program: string): Promise<RequestListener> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: FOLDER, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
  });
  const bundle = (outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script');
  const html = `<!doctype html><title>page</title><script type="module">${bundle}</script>`;
  return (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(html);
  };
}
