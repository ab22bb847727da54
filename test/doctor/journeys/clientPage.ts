import { fileURLToPath } from 'node:url';
import { type Listening, listen } from '@mcp-cors/demo';
import { build } from 'esbuild';

/** The clients that the page can run, by the ids of their journeys. */
export const BROWSER_CLIENTS = [
  'official-2-legacy',
  'official-2-auto',
  'official-1',
  'http-sse',
  'inspector',
  'sign-in',
] as const;
export type BrowserClient = (typeof BROWSER_CLIENTS)[number];

/** Real clients from connect to the end of the session, as a web application uses them. */
const PROGRAM = `
  import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
  import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
  import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

  const INFO = { name: 'page', version: '1' };

  // The Inspector hands the client one object of headers and sets two in it at each fetch.
  function inspectorTransport(url) {
    const headers = {};
    return new Transport1(url, {
      fetch: (target, init) => {
        headers.Accept = 'text/event-stream, application/json';
        headers['Content-Type'] = 'application/json';
        return fetch(target, { headers, ...init });
      },
      requestInit: { headers },
    });
  }

  // A page that has never signed in, and does not leave for the authorization server.
  const PROVIDER = {
    redirectUrl: location.origin + '/callback',
    clientMetadata: { client_name: 'page', redirect_uris: [location.origin + '/callback'] },
    clientInformation: () => undefined,
    saveClientInformation: () => {},
    tokens: () => undefined,
    saveTokens: () => {},
    redirectToAuthorization: () => {},
    saveCodeVerifier: () => {},
    codeVerifier: () => '',
  };

  const CLIENTS = {
    'official-2-legacy': (url) => [new Client(INFO), new StreamableHTTPClientTransport(url)],
    'official-2-auto': (url) => [
      new Client(INFO, { versionNegotiation: { mode: 'auto' } }),
      new StreamableHTTPClientTransport(url),
    ],
    'official-1': (url) => [new Client1(INFO), new Transport1(url)],
    'http-sse': (url) => [new Client(INFO), new SSEClientTransport(url)],
    'sign-in': (url) => [new Client(INFO), new StreamableHTTPClientTransport(url, { authProvider: PROVIDER })],
    inspector: (url) => [new Client1(INFO), inspectorTransport(url)],
  };

  globalThis.runClient = async (id, address) => {
    const [client, transport] = CLIENTS[id](new URL(address));
    try {
      await client.connect(transport);
      await client.listTools();
      // The stream is opened beside the rest: the end of the session must not overtake it.
      await new Promise((resolve) => setTimeout(resolve, 300));
      await transport.terminateSession?.();
      return '';
    } catch (error) {
      return String(error);
    } finally {
      await client.close();
    }
  };
`;

declare global {
  var runClient: (id: BrowserClient, address: string) => Promise<string>;
}

/** A page with the real clients in it, served from an origin of its own. */
export async function serveClients(): Promise<Listening> {
  const { outputFiles } = await build({
    stdin: { contents: PROGRAM, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    logLevel: 'silent',
  });
  const program = outputFiles[0]?.text ?? '';
  return listen(
    ({ url }, response) => {
      if (url === '/program.js') {
        response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' }).end(program);
      } else {
        response
          .writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' })
          .end(
            '<!doctype html><title>page</title><link rel="icon" href="data:,"><script type="module" src="/program.js"></script>',
          );
      }
    },
    '127.0.0.1',
    0,
  );
}
