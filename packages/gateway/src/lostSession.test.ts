import { describe, expect, it, test } from 'vitest';
import { expectReadable, send } from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { startUpstream } from '../../../test/gateway/upstream.js';
import { isLostSession } from './lostSession.js';

const error = (message: unknown, code: unknown = -32000): string =>
  JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null });
const NO_SESSION = error('Bad Request: No valid session ID provided');
const WITH_SESSION = [['Mcp-Session-Id', 'gone']] as const;

describe('says beyond doubt that a session is lost', () => {
  test.each([
    'Bad Request: No valid session ID provided',
    'Session not found',
    'Session not found or has been terminated',
    'Invalid session ID',
    'Invalid or expired session ID',
    'Unknown session',
    'The session abc-123 does not exist',
    'Session expired',
  ])('%s', (message) => {
    expect(isLostSession(Buffer.from(error(message)))).toBe(true);
    expect(isLostSession(Buffer.from(error(message, -32001)))).toBe(true);
  });

  test.each([
    ['a header that is missing', error('Bad Request: Mcp-Session-Id header is required')],
    ['a header that came twice', error('Bad Request: Mcp-Session-Id header must be a single value')],
    ['a server without one', error('Bad Request: Server not initialized')],
    ['another fault', error('Invalid Request: unknown tool in this sessionless server')],
    ['a session that is at work', error('Session is busy')],
    ['another code', error('Session not found', -32600)],
    ['a code that is text', error('Session not found', '-32000')],
    ['no message', error(undefined)],
    ['a message of another type', error({ session: 'not found' })],
    ['a message beyond measure', error(`${'x'.repeat(600)} session not found`)],
    ['a result', JSON.stringify({ jsonrpc: '2.0', result: { message: 'Session not found' }, id: 1 })],
    ['an error that is text', JSON.stringify({ error: 'Session not found' })],
    ['text', 'Session not found'],
    ['null', 'null'],
    ['nothing', ''],
  ])('but not %s', (_, body) => {
    expect(isLostSession(Buffer.from(body))).toBe(false);
  });
});

/** What a client gets when the upstream answers so. */
async function answered(
  {
    status = 400,
    body = NO_SESSION,
    type = 'application/json',
    ...headers
  }: Record<string, string | number> = {},
  { withSession = true, mendLostSessions }: { withSession?: boolean; mendLostSessions?: boolean } = {},
) {
  const upstream = await startUpstream((_, response) => {
    response.writeHead(Number(status), { 'Content-Type': type, ...headers }).end(body);
  });
  const gateway = await startTestGateway(upstream, {
    routes: [{ path: '/', upstream: upstream.url, mendLostSessions }],
  });
  const answer = await send(gateway.url, { body: '{}', headers: withSession ? WITH_SESSION : [] });
  expectReadable(answer);
  expect(answer.body.toString()).toBe(body);
  return answer.status;
}

describe('a 400 for a session that the server does not know', () => {
  it('is the 404 that clients wait for, with the same body', async () => {
    expect(await answered()).toBe(404);
  });

  it.each<[string, Parameters<typeof answered>[0], Parameters<typeof answered>[1]]>([
    ['it is turned off', {}, { mendLostSessions: false }],
    ['the request named no session', {}, { withSession: false }],
    ['it says something else', { body: error('Parse error', -32700) }, {}],
    ['it is no JSON', { type: 'text/plain' }, {}],
    ['it is coded', { 'Content-Encoding': 'x-own' }, {}],
  ])('stays as it is when %s', async (_, given, setting) => {
    expect(await answered(given, setting)).toBe(400);
  });

  it.each([404, 401, 500])('is none: %i', async (status) => {
    expect(await answered({ status })).toBe(status);
  });
});
