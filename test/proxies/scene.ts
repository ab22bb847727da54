import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { limitsOf, type RenderOptions } from 'mcp-cors/render';
import { onTestFinished } from 'vitest';
import { listen, type Served } from '../carriers/carriers.js';
import type { Line } from '../carriers/vectors.js';
import { exchange, type WireResponse } from '../carriers/wire.js';
import { serveSites } from './proxies.js';

/** The page that the policies of these tests name, and one that none names. */
export const APP = 'https://app.example.com';
export const EVIL = 'https://evil.example';
/** A policy under which a test reaches a proxy on loopback. */
export const POLICY: StaticPolicyConfig = { origins: [APP] };

/** A proxy in front of a listener. */
export interface Stage {
  readonly port: number;
  /** Ends the server behind the proxy. */
  readonly stopUpstream: () => Promise<void>;
  /** What the proxy has written so far. */
  readonly output: () => string;
  /** What it has written in report-only mode: into the file that was asked for, or where it writes everything. */
  readonly report: () => string;
  readonly send: (method: string, target: string, lines?: readonly Line[]) => Promise<WireResponse>;
}

/** What is rendered besides, given the URL of the server behind the proxy. */
export type StageOptions = (upstream: string) => Omit<RenderOptions, 'upstream' | 'listen' | 'name'>;

/** Starts the real server of a target in front of a listener; both end with the test. */
export async function stage(
  target: string,
  listener: RequestListener,
  policy: StaticPolicyConfig = POLICY,
  options: StageOptions = () => ({}),
): Promise<Stage> {
  const upstream = await listen(listener);
  onTestFinished(upstream.close);
  return stageBefore(target, upstream, policy, options);
}

/** The same in front of a server that runs already. */
export async function stageBefore(
  target: string,
  upstream: Served,
  policy: StaticPolicyConfig = POLICY,
  options: StageOptions = () => ({}),
): Promise<Stage> {
  const url = `http://127.0.0.1:${upstream.port}`;
  const { portOf, started } = await serveSites(target, [{ policy, upstream: url, options: options(url) }]);
  onTestFinished(started.stop);
  const port = portOf(0);
  const report = `${started.folder}/report.log`;
  return {
    port,
    stopUpstream: upstream.close,
    output: started.output,
    report: () => (existsSync(report) ? readFileSync(report, 'utf8') : started.output()),
    send: (method, path, lines = []) =>
      exchange(port, method, path, [['Host', `127.0.0.1:${port}`], ...lines]),
  };
}

/** Whether a target says that it notices late when a page has gone (limit `late-aborts`). */
export function noticesLate(target: string): boolean {
  return hasLimit(target, 'late-aborts');
}

/** Whether a target says that it looks at paths as URLs have them (limit `read-urls`). */
export function readsUrls(target: string): boolean {
  return hasLimit(target, 'read-urls');
}

function hasLimit(target: string, limit: string): boolean {
  return limitsOf(target, createPolicy(POLICY)).some(({ id }) => id === limit);
}

/** A POST as a page sends it. */
export function fromPage(origin: string): readonly Line[] {
  return [
    ['Origin', origin],
    ['Content-Type', 'application/json'],
  ];
}

/** The preflight of such a POST. */
export function preflightOf(origin: string, headers = 'content-type,mcp-protocol-version'): readonly Line[] {
  return [
    ['Origin', origin],
    ['Access-Control-Request-Method', 'POST'],
    ['Access-Control-Request-Headers', headers],
  ];
}

/** The one value of a header; undefined when it is absent, an error when it stands there twice. */
export function headerOf({ lines }: WireResponse, name: string): string | undefined {
  const values = lines.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  if (values.length > 1)
    throw new Error(`${name} stands there ${values.length} times: ${values.join(' | ')}`);
  return values[0];
}

/** The names of all CORS headers of a response. */
export function corsOf({ lines }: WireResponse): readonly string[] {
  return lines.map(([name]) => name.toLowerCase()).filter((name) => name.startsWith('access-control-'));
}

/** Reads the body of a request to its end. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const bytes of request) body += bytes;
  return body;
}
