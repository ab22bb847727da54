import { describe, expect, it } from 'vitest';
import { FOREIGN_PAGE, PAGE, send, valuesOf } from '../../../test/gateway/client.js';
import { startTestGateway } from '../../../test/gateway/gateway.js';
import { startRawUpstream, type Upstream } from '../../../test/gateway/upstream.js';

/** An upstream that remembers the heads that it was sent, byte by byte. */
async function startListener(): Promise<{ upstream: Upstream; heads: string[] }> {
  const heads: string[] = [];
  const upstream = await startRawUpstream((socket, head) => {
    heads.push(head);
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  return { upstream, heads };
}

/** An upstream whose response has these header lines. */
function startTalker(...lines: string[]): Promise<Upstream> {
  return startRawUpstream((socket) => {
    socket.end(
      `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${lines.map((l) => `${l}\r\n`).join('')}\r\nok`,
      'latin1',
    );
  });
}

/** The lines of a head with this name, as they were sent. */
function linesOf(head: string | undefined, name: string): string[] {
  const lines = (head ?? '').split('\r\n\r\n', 1)[0]?.split('\r\n').slice(1) ?? [];
  return lines.filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
}

describe('the head that the upstream is sent', () => {
  it('names the upstream with its port', async () => {
    const { upstream, heads } = await startListener();
    const gateway = await startTestGateway(upstream);
    await send(gateway.url);
    expect(linesOf(heads[0], 'host').map((line) => line.toLowerCase())).toEqual([
      `host: 127.0.0.1:${upstream.port}`,
    ]);
  });

  it.each([
    'Origin',
    'Sec-Fetch-Mode',
    'Sec-Fetch-Site',
    'Sec-Fetch-Dest',
    'Access-Control-Request-Method',
    'Access-Control-Request-Headers',
    'Access-Control-Request-Private-Network',
  ])('leaves out what only the gateway needs: %s', async (name) => {
    const { upstream, heads } = await startListener();
    const gateway = await startTestGateway(upstream);
    await send(gateway.url, { headers: name === 'Origin' ? [] : [[name, 'cross-site']] });
    expect(heads).toHaveLength(1);
    expect(linesOf(heads[0], name)).toEqual([]);
  });

  it.each(['Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection', 'TE', 'Trailer', 'X-Named', 'Expect'])(
    'leaves out what belongs to the connection: %s',
    async (name) => {
      const { upstream, heads } = await startListener();
      const gateway = await startTestGateway(upstream);
      await send(gateway.url, {
        headers: [
          ['Connection', 'close, x-named'],
          [name, name === 'Expect' ? '100-continue' : 'x'],
        ],
      });
      expect(heads).toHaveLength(1);
      expect(linesOf(heads[0], name)).toEqual([]);
      expect(linesOf(heads[0], 'connection').join()).not.toContain('x-named');
    },
  );

  it('says who asked for what, and believes no claim of the client', async () => {
    const { upstream, heads } = await startListener();
    const gateway = await startTestGateway(upstream);
    await send(gateway.url, {
      headers: [
        ['X-Forwarded-For', '10.9.9.9'],
        ['X_Forwarded_For', '10.9.9.9'],
        ['X-Real_IP', '10.9.9.9'],
        ['X-Forwarded-Host', 'evil.example'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Port', '1'],
        ['X-Forwarded-Prefix', '/evil'],
        ['X-Real-IP', '10.9.9.9'],
        ['Forwarded', 'for=10.9.9.9'],
      ],
    });
    expect(linesOf(heads[0], 'x-forwarded-for')).toEqual(['X-Forwarded-For: 127.0.0.1']);
    expect(linesOf(heads[0], 'x-forwarded-host')).toEqual([`X-Forwarded-Host: ${new URL(gateway.url).host}`]);
    expect(linesOf(heads[0], 'x-forwarded-proto')).toEqual(['X-Forwarded-Proto: http']);
    expect(heads[0]).not.toContain('10.9.9.9');
    expect(heads[0]).not.toContain('/evil');
    expect(linesOf(heads[0], 'x-forwarded-port')).toEqual([]);
  });

  it('passes everything else as it was written', async () => {
    const { upstream, heads } = await startListener();
    const gateway = await startTestGateway(upstream);
    const lines = [
      ['Authorization', 'Bearer abc'],
      ['MCP-Protocol-Version', '2026-07-28'],
      ['mcp-session-id', 'S-1'],
      ['Mcp-Method', 'tools/call'],
      ['Mcp-Param-Region', 'eu'],
      ['Last-Event-ID', '42'],
      ['Cookie', 'a=1'],
      ['X-Repeated', 'one'],
      ['X-REPEATED', 'two'],
      ['X_Under_Scored', 'three'],
      ['X-Bytes', 'caf\u00e9 \u00c3\u00a9'],
      ['Accept', 'application/json'],
      ['Accept-Encoding', 'gzip'],
      ['DPoP', 'x.y.z'],
    ] as const;
    await send(gateway.url, { headers: lines });
    for (const [name, value] of lines) expect(heads[0]).toContain(`\r\n${name}: ${value}\r\n`);
  });

  it('keeps the page in report-only mode, so that the upstream can refuse it', async () => {
    const { upstream, heads } = await startListener();
    const gateway = await startTestGateway(upstream, { policy: { reportOnly: true } });
    await send(gateway.url, { origin: FOREIGN_PAGE, headers: [['Sec-Fetch-Site', 'cross-site']] });
    expect(linesOf(heads[0], 'origin')).toEqual([`Origin: ${FOREIGN_PAGE}`]);
    expect(linesOf(heads[0], 'sec-fetch-site')).toEqual(['Sec-Fetch-Site: cross-site']);
  });
});

describe('the head that the client is sent', () => {
  it('has the policy in place of what the upstream says about CORS', async () => {
    const upstream = await startTalker(
      'Access-Control-Allow-Origin: *',
      'access-control-allow-origin: https://other.example',
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Expose-Headers: X-Secret',
      'Access-Control-Allow-Methods: *',
      'Access-Control-Allow-Headers: *',
      'Access-Control-Max-Age: 600',
      'Access-Control-Allow-Private-Network: true',
    );
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url);
    const cors = answer.lines.filter(([name]) => name.toLowerCase().startsWith('access-control-'));
    expect(cors.map(([name]) => name.toLowerCase()).sort()).toEqual([
      'access-control-allow-origin',
      'access-control-expose-headers',
    ]);
    expect(valuesOf(answer, 'access-control-allow-origin')).toEqual([PAGE]);
    expect(valuesOf(answer, 'access-control-expose-headers').join()).not.toContain('X-Secret');
  });

  it('allows nothing when there is no page', async () => {
    const upstream = await startTalker('Access-Control-Allow-Origin: *');
    const gateway = await startTestGateway(upstream);
    const answer = await send(gateway.url, { origin: null });
    expect(answer.status).toBe(200);
    expect(valuesOf(answer, 'access-control-allow-origin')).toEqual([]);
    expect(valuesOf(answer, 'vary')).toEqual(['Origin']);
  });

  it.each([
    [['Vary: Accept-Encoding'], 'Accept-Encoding, Origin'],
    [['Vary: accept', 'Vary: origin'], 'accept, origin'],
    [['Vary: Accept', 'Vary: Cookie'], 'Accept, Cookie, Origin'],
    [['Vary: *'], '*'],
  ])('merges Vary: %j', async (lines, expected) => {
    const upstream = await startTalker(...lines);
    const gateway = await startTestGateway(upstream);
    expect(valuesOf(await send(gateway.url), 'vary')).toEqual([expected]);
  });

  it.each(['Keep-Alive', 'Proxy-Authenticate', 'Trailer', 'Upgrade', 'X-Named'])(
    'leaves out what belongs to the connection: %s',
    async (name) => {
      const upstream = await startTalker('Connection: close, X-Named', `${name}: of-the-upstream`);
      const gateway = await startTestGateway(upstream);
      const answer = await send(gateway.url);
      expect(answer.status).toBe(200);
      expect(valuesOf(answer, name.toLowerCase())).not.toContain('of-the-upstream');
      expect(valuesOf(answer, 'connection').join()).not.toContain('X-Named');
    },
  );

  it('passes everything else', async () => {
    const lines = [
      'WWW-Authenticate: Bearer resource_metadata="https://a.example/.well-known/x", scope="a b"',
      'Retry-After: 7',
      'Mcp-Session-Id: S-1',
      'MCP-Protocol-Version: 2025-11-25',
      'Location: /elsewhere',
      'Date: Thu, 01 Jan 1970 00:00:00 GMT',
      'Content-Encoding: gzip',
      'X-Bytes: \u00e9 \u00c3\u00a9 \u00ff',
      'Content-Disposition: attachment; filename="a.txt"',
      'Set-Cookie: a=1; Path=/',
      'Set-Cookie: b=2',
      'X-Repeated: one',
      'X-Repeated: two',
    ];
    const gateway = await startTestGateway(await startTalker(...lines));
    const answer = await send(gateway.url);
    const sent = answer.lines.map(([name, value]) => `${name.toLowerCase()}: ${value}`);
    for (const line of lines) {
      const colon = line.indexOf(':');
      expect(sent).toContain(line.slice(0, colon).toLowerCase() + line.slice(colon));
    }
  });

  it('is the upstream’s own in report-only mode', async () => {
    const upstream = await startTalker(
      'Access-Control-Allow-Origin: https://of.upstream.example',
      'Access-Control-Allow-Credentials: true',
      'Vary: Cookie',
    );
    const gateway = await startTestGateway(upstream, { policy: { reportOnly: true } });
    const answer = await send(gateway.url, { origin: FOREIGN_PAGE });
    expect(answer.status).toBe(200);
    expect(valuesOf(answer, 'access-control-allow-origin')).toEqual(['https://of.upstream.example']);
    expect(valuesOf(answer, 'access-control-allow-credentials')).toEqual(['true']);
    expect(valuesOf(answer, 'vary')).toEqual(['Cookie']);
  });

  it('is the policy’s own for an allowed page in report-only mode', async () => {
    const upstream = await startTalker('Access-Control-Allow-Origin: *');
    const gateway = await startTestGateway(upstream, { policy: { reportOnly: true } });
    expect(valuesOf(await send(gateway.url), 'access-control-allow-origin')).toEqual([PAGE]);
  });
});
