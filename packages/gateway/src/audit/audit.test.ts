import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { createDirectory } from 'mcp-cors';
import { describe, expect, it } from 'vitest';
import { createFolder } from '../../../../test/cli/command.js';
import { auditLines, readAuditLines } from '../../../../test/gateway/auditLines.js';
import {
  aWhile,
  begin,
  connectRaw,
  eventually,
  FOREIGN_PAGE,
  open,
  PAGE,
  type Sending,
  send,
} from '../../../../test/gateway/client.js';
import { type Setting, startTestGateway } from '../../../../test/gateway/gateway.js';
import { startUpstream } from '../../../../test/gateway/upstream.js';
import type { AuditConfig } from '../config/audit.js';

const SECRET = 'S3CRET';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

type Listener = Parameters<typeof startUpstream>[0];

async function startAudited(
  { audit, ...setting }: Omit<Setting, 'audit'> & { readonly audit?: Partial<AuditConfig> } = {},
  listener: Listener = (_, response) => response.end('ok'),
) {
  const upstream = await startUpstream(listener);
  const file = join(createFolder(), 'audit.ndjson');
  const gateway = await startTestGateway(upstream, { ...setting, audit: { file, ...audit } });
  return { upstream, gateway, file, url: gateway.url };
}

describe('the audit', () => {
  it('has a line for a request, with what was decided and what became of it', async () => {
    const { url, file } = await startAudited();
    const answer = await send(url, {
      target: `/mcp?access_token=${SECRET}`,
      headers: [
        ['X-Request-Id', 'given-1'],
        ['traceparent', `00-${TRACE}-00f067aa0ba902b7-01`],
      ],
    });
    expect(answer.status).toBe(200);
    const [line] = await auditLines(file, 1);
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      requestId: 'given-1',
      traceId: TRACE,
      outcome: 'pass',
      reason: 'origin-allowed',
      rule: PAGE,
      origin: PAGE,
      host: new URL(url).host,
      method: 'POST',
      path: '/mcp',
      route: '/',
      address: '127.0.0.1',
      status: 200,
      durationMs: expect.any(Number),
    });
  });

  it.each<[string, Sending, object]>([
    [
      'a preflight',
      { method: 'OPTIONS', headers: [['Access-Control-Request-Method', 'POST']] },
      { outcome: 'preflight', status: 204 },
    ],
    [
      'a foreign page',
      { origin: FOREIGN_PAGE },
      { outcome: 'deny', reason: 'origin-not-allowed', status: 403, level: 'warn' },
    ],
    [
      'a foreign host',
      { headers: [['Host', 'evil.example']] },
      { reason: 'host-not-allowed', host: 'evil.example', status: 403 },
    ],
    [
      'no preflight',
      { headers: [['Content-Type', 'text/plain']] },
      { reason: 'content-type-not-allowed', status: 415 },
    ],
    ['a method that is no client’s', { method: 'PROPFIND' }, { outcome: 'pass', method: 'PROPFIND' }],
    [
      'a path that is not plain',
      { target: '/a//b' },
      { outcome: 'pass', answer: 'path-not-plain', status: 400, level: 'warn' },
    ],
    [
      'a request target that is no path',
      { target: `http://u:${SECRET}@evil.example/x` },
      { outcome: 'deny', path: 'http://evil.example/x' },
    ],
    [
      'an upstream that fails',
      { target: '/fail' },
      { outcome: 'pass', answer: 'upstream-broke-off', status: 502, level: 'info' },
    ],
  ])('has one line for %s', async (_, sending, expected) => {
    const { url, file } = await startAudited({}, (request, response) => {
      if (request.url === '/fail') request.socket.destroy();
      else response.end();
    });
    await send(url, sending).catch(() => {});
    const [line] = await auditLines(file, 1);
    expect(line).toMatchObject(expected);
    expect(JSON.stringify(line)).not.toContain(SECRET);
  });

  it('tells of what is no route', async () => {
    const { url, file } = await startAudited({
      routes: [{ path: '/mcp', upstream: 'http://127.0.0.1:1' }],
    });
    await send(url, { target: '/other' });
    const [line] = await auditLines(file, 1);
    expect(line).toMatchObject({ answer: 'no-route', status: 404, level: 'warn' });
    expect(line).not.toHaveProperty('route');
  });

  it('tells of what is no HTTP', async () => {
    const { url, file } = await startAudited();
    await connectRaw(url, 'hello\r\n\r\n');
    await connectRaw(url, `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`);
    const lines = await auditLines(file, 2);
    const unreadable = { outcome: 'deny', reason: 'request-unreadable', address: '127.0.0.1', level: 'warn' };
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ...unreadable, status: 400, subject: 'HPE_INVALID_METHOD' }),
        expect.objectContaining({ ...unreadable, status: 431, subject: 'HPE_HEADER_OVERFLOW' }),
      ]),
    );
  });

  it('says nothing of connections that say nothing', async () => {
    const { url, file, gateway } = await startAudited();
    const { socket } = await connectRaw(url, '');
    socket.destroy();
    await gateway.close();
    expect(readAuditLines(file)).toEqual([]);
  });

  it('tells of a stream when it begins, and not again', async () => {
    const { url, file, gateway } = await startAudited({}, (_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
    });
    const { request } = await open(url, { method: 'GET' });
    expect(await auditLines(file, 1)).toMatchObject([{ stream: true, status: 200 }]);
    request.destroy();
    await gateway.close();
    expect(readAuditLines(file)).toHaveLength(1);
  });

  it('tells of a client that goes before it was answered', async () => {
    const { url, file, upstream } = await startAudited({}, () => {});
    const request = begin(url);
    await eventually(() => expect(upstream.requests).toHaveLength(1));
    request.destroy();
    const [line] = await auditLines(file, 1);
    expect(line).toMatchObject({ aborted: true });
    expect(line).not.toHaveProperty('status');
  });

  it('has every line when the gateway closes, those of requests that are broken off included', async () => {
    const { url, file, gateway, upstream } = await startAudited({}, (request, response) => {
      if (request.url !== '/hang') response.end();
    });
    for (let i = 0; i < 50; i++) await send(url, { target: `/${i}` });
    begin(url, { target: '/hang' });
    await eventually(() => expect(upstream.requests).toHaveLength(51));
    await gateway.close();
    const lines = readAuditLines(file);
    expect(lines).toHaveLength(51);
  });

  it('can be of refusals alone', async () => {
    const { url, file, gateway } = await startAudited({ audit: { which: 'denied' } });
    await send(url);
    await send(url, { origin: FOREIGN_PAGE });
    await send(url, { target: '/a//b' });
    await gateway.close();
    expect(readAuditLines(file).map(({ status }) => status)).toEqual([403, 400]);
  });

  it('tells of a request over its rate', async () => {
    const { url, file } = await startAudited({ limits: { rates: { requests: { points: 1, seconds: 60 } } } });
    await send(url);
    await send(url);
    expect((await auditLines(file, 2))[1]).toMatchObject({ reason: 'rate-limited', status: 429 });
  });

  it('tells of a request whose directory answers late', async () => {
    let answerLate = (_: boolean): void => {};
    const lookup = () =>
      new Promise<boolean>((resolve) => {
        answerLate = resolve;
      });
    const { url, file, upstream } = await startAudited({
      policy: { origins: [createDirectory({ lookup })] },
    });
    const pending = send(url);
    await aWhile(50);
    expect([upstream.requests.length, readAuditLines(file).length]).toEqual([0, 0]);
    answerLate(true);
    expect((await pending).status).toBe(200);
    const [line] = await auditLines(file, 1);
    expect(line).toMatchObject({ outcome: 'pass', rule: '(directory)', status: 200 });
    expect(line?.durationMs).toBeGreaterThanOrEqual(40);
  });

  it('tells in report-only mode what would be refused', async () => {
    const { url, file } = await startAudited({
      policy: { reportOnly: true },
      audit: { which: 'denied' },
    });
    expect((await send(url)).status).toBe(200);
    expect((await send(url, { origin: FOREIGN_PAGE })).status).toBe(200);
    expect(await auditLines(file, 1)).toMatchObject([
      { outcome: 'pass', wouldDeny: 'origin-not-allowed', origin: FOREIGN_PAGE, status: 200, level: 'warn' },
    ]);
  });
});

describe('secrets in the audit', () => {
  it('are none of the headers’, the body’s, the query’s or the URL’s', async () => {
    const { url, file } = await startAudited();
    const targets = [
      `/mcp?a=${SECRET}`,
      `/mcp%3fa=${SECRET}`,
      `/mcp;a=${SECRET}`,
      `/mcp%23${SECRET}`,
      `http://${SECRET}@a.example/`,
    ];
    for (const target of targets) {
      await send(url, {
        target,
        body: JSON.stringify({ token: SECRET }),
        headers: [
          ['Authorization', `Bearer ${SECRET}`],
          ['Cookie', `a=${SECRET}`],
          ['DPoP', SECRET],
          ['Mcp-Session-Id', SECRET],
        ],
      });
    }
    await send(url, { origin: `https://u:${SECRET}@evil.example` });
    await send(url, { headers: [['Host', `u:${SECRET}@evil.example`]] });
    await auditLines(file, targets.length + 2);
    expect(readFileSync(file, 'utf8')).not.toContain(SECRET);
  });

  it('sessions stand for themselves, in the header and in the query', async () => {
    const key = 'a key of sixteen or more';
    const { url, file } = await startAudited({ audit: { hashKey: key } });
    await send(url, { headers: [['Mcp-Session-Id', 'abc']] });
    await send(url, { target: '/messages?sessionId=abc' });
    await send(url, { headers: [['Mcp-Session-Id', 'other']] });
    const [header, query, other] = (await auditLines(file, 3)).map(({ session }) => session);
    expect(header).toMatch(/^[0-9a-f]{16}$/);
    expect(query).toBe(header);
    expect(other).not.toBe(header);
    const replica = await startAudited({ audit: { hashKey: key } });
    await send(replica.url, { headers: [['Mcp-Session-Id', 'abc']] });
    const foreign = await startAudited();
    await send(foreign.url, { headers: [['Mcp-Session-Id', 'abc']] });
    expect((await auditLines(replica.file, 1))[0]?.session).toBe(header);
    expect((await auditLines(foreign.file, 1))[0]?.session).not.toBe(header);
  });
});

describe('what clients write', () => {
  it('neither ends a line nor commands a terminal, and is bounded', async () => {
    const { url, file } = await startAudited();
    const hostile = [
      `https://a.example\u0085{"level":"info","forged":true}`,
      'https://\u009b31mred',
      'https://a.example","forged":"true',
      `https://${'a'.repeat(10_000)}.example`,
      '"}\\n{"forged":true}',
    ];
    for (const origin of hostile) await send(url, { origin });
    const lines = await auditLines(file, hostile.length);
    const text = readFileSync(file);
    expect(text.every((byte) => byte === 0x0a || (byte >= 0x20 && byte < 0x7f))).toBe(true);
    expect(text.toString().split('\n')).toHaveLength(hostile.length + 1);
    for (const line of lines) {
      expect(line).not.toHaveProperty('forged');
      expect(String(line.origin).length).toBeLessThanOrEqual(256);
    }
    expect(lines[1]?.origin).toBe('https://\u009b31mred');
  });

  it('stays in its field, whatever it is', async () => {
    const { url, file } = await startAudited();
    const value = fc
      .string({
        unit: fc.integer({ min: 0x21, max: 0xff }).map((n) => String.fromCharCode(n)),
        minLength: 1,
        maxLength: 80,
      })
      .filter((text) => !/[\x7f]/.test(text));
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(value, async (origin) => {
        await send(url, { origin, headers: [['Mcp-Session-Id', origin]] });
        sent++;
      }),
      { numRuns: 40 },
    );
    for (const line of await auditLines(file, sent)) expect(Object.keys(line).length).toBeLessThan(25);
    expect(readFileSync(file).every((byte) => byte === 0x0a || (byte >= 0x20 && byte < 0x7f))).toBe(true);
  });
});

describe('an audit that cannot be written', () => {
  it('keeps nobody from being served, and is told of once', async () => {
    const warnings: string[] = [];
    const { url } = await startAudited({
      audit: { file: join(createFolder(), 'missing', 'audit.ndjson') },
      onWarning: (message) => warnings.push(message),
    });
    for (let i = 0; i < 20; i++) expect((await send(url)).status).toBe(200);
    await eventually(() => expect(warnings).toHaveLength(1));
    expect(warnings[0]).toContain('Create its folder');
  });
});
