import { fileURLToPath } from 'node:url';
import { type Listening, listen } from '@mcp-cors/demo';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';

/** What became of a tool call in a page. */
export interface CallReport {
  /** The text of the result. */
  readonly text?: string;
  /** The code of the JSON-RPC error, and what it says. */
  readonly code?: number;
  readonly message?: string;
}

/** A tool call that a page makes with the official client. */
export interface PageCall {
  readonly url: string;
  readonly tool: string;
  readonly args: unknown;
  /** Whether the page lists the tools before it calls. */
  readonly listFirst: boolean;
}

/** Resolves what the page imports as the demo's page does. */
const FOLDER = fileURLToPath(new URL('../../packages/demo/page/', import.meta.url));

const PROGRAM = `
  import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

  globalThis.callToolHere = async ({ url, tool, args, listFirst }) => {
    const client = new Client(
      { name: 'page', version: '1.0.0' },
      { versionNegotiation: { mode: { pin: '2026-07-28' } } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    try {
      if (listFirst) await client.listTools();
      const result = await client.callTool({ name: tool, arguments: args });
      return { text: result.content[0].text };
    } catch (error) {
      return { code: error.code, message: error.message };
    } finally {
      await client.close();
    }
  };
`;

declare global {
  var callToolHere: (call: PageCall) => Promise<CallReport>;
}

/** Serves a page that can call tools with the official client. */
export async function serveToolPage(): Promise<Listening> {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: FOLDER, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
  });
  const program = (outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script');
  const html = `<!doctype html><title>page</title><script type="module">${program}</script>`;
  return listen(
    (_, response) => void response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(html),
    '127.0.0.1',
    0,
  );
}

/** Calls a tool in a page. */
export async function callTool(page: Page, call: PageCall): Promise<CallReport> {
  await page.waitForFunction(() => 'callToolHere' in globalThis);
  return page.evaluate((given) => globalThis.callToolHere(given), call);
}
