import { describe, expect, it } from 'vitest';
import { readGatewayConfig } from './config/config.js';
import { createInstruments, type InstrumentsSources } from './instruments.js';

const CONFIG = {
  policy: { origins: ['https://app.example.com'] },
  routes: [{ path: '/mcp', upstream: 'http://127.0.0.1:3001/mcp' }],
};

function sourcesOf(config: object, options: InstrumentsSources['options'] = {}): InstrumentsSources {
  const settings = readGatewayConfig({ ...CONFIG, ...config });
  return {
    options,
    tell: () => {},
    settings: () => settings,
    connections: () => 0,
    openRequests: () => 0,
    openStreams: () => 0,
    completions: () => ({ completed: 0, asked: 0, refused: 0 }),
  };
}

describe('instruments', () => {
  it('follow no request when nobody watches', async () => {
    const instruments = await createInstruments(sourcesOf({}));
    expect(instruments.follow).toBeUndefined();
    expect(instruments.carrier.onDecision).toBeUndefined();
    await instruments.start();
    expect(instruments.adminUrl).toBeUndefined();
    await instruments.close();
  });

  it.each<[string, object, InstrumentsSources['options']]>([
    ['an audit', { audit: { file: '/dev/null' } }, {}],
    ['metrics', { metrics: { listen: '127.0.0.1:0' } }, {}],
    ['a listener to decisions', {}, { onDecision: () => {} }],
    ['a listener to exchanges', {}, { onExchange: () => {} }],
  ])('follow requests for %s', async (_, config, options) => {
    const instruments = await createInstruments(sourcesOf(config, options));
    expect(instruments.follow).toBeDefined();
    await instruments.close();
  });

  it('leave request ids on unless they are turned off', async () => {
    expect((await createInstruments(sourcesOf({}))).carrier.requestId).toBe(true);
    expect((await createInstruments(sourcesOf({}, { requestId: false }))).carrier.requestId).toBe(false);
  });
});
