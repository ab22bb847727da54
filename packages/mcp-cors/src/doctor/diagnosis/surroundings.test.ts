import { describe, expect, it } from 'vitest';
import type { Observation } from '../suspicion.js';
import { suspectSurroundings } from './surroundings.js';

const URL = 'https://mcp.example.com/mcp';

/** What an observation tells as far as it is looked at here. */
function observation({
  maxAge,
  streams = false,
  protocol = 'h2',
}: {
  readonly maxAge?: string;
  readonly streams?: boolean;
  readonly protocol?: Observation['protocol'];
}): Observation {
  const headers = maxAge === undefined ? [] : [['Access-Control-Max-Age', maxAge] as const];
  const request = { kind: 'preflight', method: 'OPTIONS', url: URL, headers: [] };
  return {
    origin: 'https://app.example.com',
    target: { url: URL },
    walked: [{ memory: streams ? { stream: {} } : {} }],
    survey: {
      everyHeader: { exchanges: [{ request, response: { status: 204, headers }, fromCache: false }] },
    },
    protocol,
  } as unknown as Observation;
}

const idsOf = (observed: Observation): readonly string[] =>
  [...suspectSurroundings(observed)].map(({ id }) => id);

describe('Access-Control-Max-Age', () => {
  it.each(['7201', '86400', '31536000', '999999999999'])('%s is longer than Chromium keeps it', (maxAge) => {
    expect(idsOf(observation({ maxAge }))).toEqual(['max-age-beyond-caps']);
  });

  it.each(['0', '5', '600', '7200', '-1', '', 'never', '86400, 86400', undefined])('%s is not', (maxAge) => {
    expect(idsOf(observation(maxAge === undefined ? {} : { maxAge }))).toEqual([]);
  });
});

describe('six connections', () => {
  it('are told of where a stream stays open over HTTP/1.1, with TLS or without', () => {
    expect(idsOf(observation({ streams: true, protocol: 'http/1.1' }))).toEqual(['http1-stream-limit']);
  });

  it.each([
    ['HTTP/2', { streams: true, protocol: 'h2' }],
    ['no stream', { streams: false, protocol: 'http/1.1' }],
    ['a protocol that nobody could tell', { streams: true, protocol: undefined }],
  ] as const)('are no matter with %s', (_, seen) => {
    expect(idsOf(observation(seen as Parameters<typeof observation>[0]))).toEqual([]);
  });
});
