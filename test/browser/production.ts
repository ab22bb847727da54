import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const EXAMPLE = join(ROOT, 'examples/express-production');

/** Compiles the example against what the build made. */
export function buildExample(): void {
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', EXAMPLE], {
    stdio: 'inherit',
  });
}

/** A folder for a database, an audit and a certificate. */
export function createFolder(): { readonly path: string; close(): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'mcp-cors-production-'));
  return {
    path,
    async close() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export type Environment = Readonly<Record<string, string>>;

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  command: string,
  args: readonly string[],
  environment: Environment,
): [ChildProcess, Promise<Ending>] {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, { cwd: EXAMPLE, env: { PATH, HOME, ...environment } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ending = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return [child, ending];
}

/** Runs a program of the example to its end. */
export function runProgram(
  program: 'main' | 'origins',
  args: readonly string[],
  environment: Environment,
): Promise<Ending> {
  return run(process.execPath, [`dist/${program}.js`, ...args], environment)[1];
}

/** Runs a script of the example's package to its end. */
export function runScript(name: string, environment: Environment): Promise<Ending> {
  return run('npm', ['run', '--silent', name], environment)[1];
}

export interface Production {
  readonly port: number;
  /** Sends a signal, and gives the end of the process. */
  end(signal: NodeJS.Signals): Promise<Ending>;
  close(): Promise<void>;
}

/** Starts the server of the example; resolves when it listens. */
export async function startProduction(environment: Environment): Promise<Production> {
  const [child, ending] = run(process.execPath, ['dist/main.js'], { PORT: '0', ...environment });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stderr?.on('data', (chunk) => {
      text += chunk;
      const found = /^listening on http:\/\/127\.0\.0\.1:([0-9]+)\/mcp$/m.exec(text)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    ending.then(({ code, stderr }) => reject(new Error(`ended with ${code}: ${stderr}`)), reject);
  });
  return {
    port,
    end(signal) {
      child.kill(signal);
      return ending;
    },
    async close() {
      child.kill('SIGKILL');
      await ending;
    },
  };
}

/** The lines of an audit file. */
export function readAudit(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** A certificate for 127.0.0.1 that nobody trusts, made anew. */
export function makeCertificate(folder: string): { readonly key: string; readonly cert: string } {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-days', '2', ...subject],
    {
      stdio: 'pipe',
    },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

export interface TlsProxy {
  readonly origin: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Ends TLS in front of a port, and says for whom, as load balancers do: at the end of what the client says. */
export async function startTlsProxy(
  port: number,
  certificate: { key: string; cert: string },
): Promise<TlsProxy> {
  const server = createServer(certificate, (incoming, response) => {
    const { connection: _, 'x-forwarded-for': before, ...headers } = incoming.headers;
    const peer = incoming.socket.remoteAddress ?? '';
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port,
      method: incoming.method,
      path: incoming.url,
      headers: {
        ...headers,
        'x-forwarded-for': before === undefined ? peer : `${before}, ${peer}`,
        'x-forwarded-proto': 'https',
      },
    });
    outgoing.on('response', (answer) => {
      const { connection: __, 'transfer-encoding': ___, ...answered } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, answered);
      response.flushHeaders();
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    outgoing.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    response.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    origin: `https://127.0.0.1:${own}`,
    port: own,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Sent {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body once it has ended, also when it was broken off. */
  readonly body: Promise<string>;
}

export interface ToSend {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The loopback address that it comes from. */
  readonly from?: string;
}

/** Sends a request that no browser would have to have sent; resolves with the head of the response. */
export function send(
  origin: string,
  { method = 'POST', path = '/mcp', headers, body, from }: ToSend,
): Promise<Sent> {
  const make = origin.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const outgoing = make(`${origin}${path}`, {
      method,
      headers,
      rejectUnauthorized: false,
      agent: false,
      ...(from === undefined ? {} : { localAddress: from }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      const ended = new Promise<string>((done) => {
        response.on('close', () => done(text));
        response.on('error', () => {});
      });
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: ended });
    });
    outgoing.end(body);
  });
}
