import { describe, expect, it, test } from 'vitest';
import { GatewayConfigError } from '../errors.js';
import { readGatewayConfig } from './config.js';
import { DEFAULT_RATES } from './rates.js';

const GOOD = {
  policy: { origins: ['https://app.example.com'] },
  routes: [{ path: '/mcp', upstream: 'http://127.0.0.1:3001/mcp' }],
};
const LONG = 'x'.repeat(16);

/** The issues of a configuration, as `code path`. */
function issuesOf(part: object): string[] {
  try {
    readGatewayConfig({ ...GOOD, ...part });
    return [];
  } catch (error) {
    if (!(error instanceof GatewayConfigError)) throw error;
    for (const { message, remedy } of error.issues) {
      expect(message).not.toBe('');
      expect(remedy).not.toMatch(/\.$|^$/);
    }
    return error.issues.map(({ code, path }) => `${code} ${path}`);
  }
}

describe('rates', () => {
  const ratesOf = (rates: unknown) => readGatewayConfig({ ...GOOD, limits: { rates } } as never).limits.rates;

  it('are counted unless they are turned off', () => {
    expect(readGatewayConfig(GOOD).limits.rates).toBe(DEFAULT_RATES);
    expect(readGatewayConfig({ ...GOOD, limits: { bodyTimeoutMs: 1 } }).limits.rates).toBe(DEFAULT_RATES);
    expect(ratesOf('off')).toEqual({});
  });

  it('may be set, or turned off, one by one', () => {
    expect(ratesOf({ requests: { points: 5, seconds: 1 }, streams: 'off' })).toEqual({
      preflights: DEFAULT_RATES.preflights,
      denied: DEFAULT_RATES.denied,
      requests: { points: 5, seconds: 1 },
    });
  });

  test.each([
    [true, ['wrong-type limits.rates']],
    [{ request: 'off' }, ['unknown-key limits.rates.request']],
    [{ requests: 5 }, ['wrong-type limits.rates.requests']],
    [
      { requests: {} },
      ['rate-out-of-range limits.rates.requests.points', 'rate-out-of-range limits.rates.requests.seconds'],
    ],
    [{ requests: { points: 0, seconds: 60 } }, ['rate-out-of-range limits.rates.requests.points']],
    [{ requests: { points: 1.5, seconds: 60 } }, ['rate-out-of-range limits.rates.requests.points']],
    [{ requests: { points: 5, seconds: 86_401 } }, ['rate-out-of-range limits.rates.requests.seconds']],
    [{ requests: { points: 5, seconds: 1, burst: 2 } }, ['unknown-key limits.rates.requests.burst']],
  ])('%j is refused', (rates, issues) => {
    expect(issuesOf({ limits: { rates } })).toEqual(issues);
  });
});

describe('audit', () => {
  it('needs a file alone', () => {
    expect(readGatewayConfig(GOOD).audit).toBeUndefined();
    expect(readGatewayConfig({ ...GOOD, audit: { file: 'a' } }).audit).toEqual({
      file: 'a',
      which: 'all',
      hashKey: undefined,
    });
  });

  test.each([
    ['a', ['wrong-type audit']],
    [{}, ['audit-file-missing audit.file']],
    [{ file: '' }, ['audit-file-missing audit.file']],
    [{ file: 'a\0b' }, ['audit-file-missing audit.file']],
    [{ file: 'a', which: 'some' }, ['audit-which audit.which']],
    [{ file: 'a', hashKey: 'short' }, ['audit-key-short audit.hashKey']],
    [{ file: 'a', hashkey: LONG }, ['unknown-key audit.hashkey']],
  ])('%j is refused', (audit, issues) => {
    expect(issuesOf({ audit })).toEqual(issues);
  });

  it('never shows its key', () => {
    expect(() => readGatewayConfig({ ...GOOD, audit: { file: 'a', hashKey: 'S3CRET' } })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('S3CRET') }),
    );
  });
});

describe('metrics', () => {
  it('are on loopback', () => {
    expect(readGatewayConfig(GOOD).metrics).toBeUndefined();
    expect(readGatewayConfig({ ...GOOD, metrics: {} }).metrics).toEqual({
      host: '127.0.0.1',
      port: 9808,
      token: undefined,
      hosts: [],
      checkUpstreams: false,
    });
  });

  it('are elsewhere with a token', () => {
    const metrics = {
      listen: '0.0.0.0:9808',
      token: { env: 'T' },
      hosts: 'Gateway.svc',
      checkUpstreams: true,
    };
    expect(readGatewayConfig({ ...GOOD, metrics }).metrics).toMatchObject({
      host: '0.0.0.0',
      hosts: ['gateway.svc'],
      checkUpstreams: true,
    });
  });

  test.each([
    [true, ['wrong-type metrics']],
    [{ listen: 9808 }, ['listen-syntax metrics.listen']],
    [{ listen: '0.0.0.0:9808' }, ['token-missing metrics.token']],
    [{ listen: '10.0.0.1:9808', token: 'short' }, ['token-syntax metrics.token']],
    [{ token: `${LONG}\r\nX: y` }, ['token-syntax metrics.token']],
    [{ token: { file: '' } }, ['token-syntax metrics.token']],
    [{ token: { file: 'a', env: 'b' } }, ['token-syntax metrics.token']],
    [{ hosts: ['a.example:9808'] }, ['host-syntax metrics.hosts']],
    [{ hosts: [1] }, ['host-syntax metrics.hosts']],
    [{ checkUpstreams: 'yes' }, ['wrong-type metrics.checkUpstreams']],
    [{ port: 1 }, ['unknown-key metrics.port']],
  ])('%j is refused', (metrics, issues) => {
    expect(issuesOf({ metrics })).toEqual(issues);
  });
});
