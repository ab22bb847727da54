import type { IncomingMessage } from 'node:http';
import type { PolicyConfig } from 'mcp-cors';
import { exchange, request, type WireResponse } from '../fixtures/wire.js';

/** The origin of a page that the policy names. */
export const APP = 'https://app.example.com';
/** A page on the same host that it does not name. */
export const OTHER_PORT = 'https://app.example.com:8443';
export const EVIL = 'https://evil.example';

export const POLICY: PolicyConfig = {
  origins: APP,
  sessions: { secret: 'a secret of more than 32 characters' },
};

/** A request as a server receives it: method and target are there, which the SDK's types ask for. */
export type ServedRequest = IncomingMessage & { method: string; url: string };

/** What the tool of the server says. */
export const GREETING = [{ type: 'text', text: 'Good day, Ada' }];

/** Ways to reach the official servers. */
export const MODES = [
  ['2025-11-25', 'legacy'],
  ['2026-07-28', { pin: '2026-07-28' }],
] as const;

/** Sends what a browser sends before the first POST of the official client. */
export function preflight(port: number, origin = APP): Promise<WireResponse> {
  return only(
    port,
    request('OPTIONS /mcp', {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type,mcp-protocol-version',
    }),
  );
}

/** Sends a POST as a page does. */
export function post(port: number, origin: string, body: string): Promise<WireResponse> {
  return only(
    port,
    request(
      'POST /mcp',
      { Origin: origin, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body,
    ),
  );
}

async function only(port: number, text: string): Promise<WireResponse> {
  const [response, ...others] = await exchange(port, text);
  if (response === undefined || others.length > 0) throw new Error('one response is expected');
  return response;
}
