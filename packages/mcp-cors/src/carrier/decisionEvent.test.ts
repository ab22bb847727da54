import { expect, test } from 'vitest';
import { createPolicy, type RequestHead } from '../policy/index.js';
import { decisionEvent } from './decisionEvent.js';

const HEAD: RequestHead = {
  method: 'POST',
  path: '/mcp',
  host: 'localhost',
  origin: 'https://evil.example',
  contentType: 'application/json',
};

const FACTS = {
  head: HEAD,
  address: undefined,
  requestId: undefined,
  durationMs: 1.5,
  limiterError: undefined,
};

test('an event says what was decided, and about what', () => {
  const policy = createPolicy({ origins: 'https://app.example.com' });
  const decision = policy.decide(HEAD);
  const { explain, ...event } = decisionEvent(decision, { ...FACTS, policy });
  expect(event).toEqual({
    outcome: 'deny',
    reason: 'origin-not-allowed',
    wouldDeny: undefined,
    rule: undefined,
    subject: undefined,
    status: 403,
    method: 'POST',
    path: '/mcp',
    origin: 'https://evil.example',
    host: 'localhost',
    address: undefined,
    requestId: undefined,
    durationMs: 1.5,
    limiterError: undefined,
    decision,
    head: HEAD,
    policy,
  });
  expect(explain()).toMatchObject({ verdict: 'refused', reason: 'origin-not-allowed' });
});

test('of a policy that only reports it says what would have been refused', () => {
  const policy = createPolicy({ origins: 'https://app.example.com', reportOnly: true });
  const event = decisionEvent(policy.decide(HEAD), { ...FACTS, policy });
  expect(event).toMatchObject({ outcome: 'pass', wouldDeny: 'origin-not-allowed', status: undefined });
  expect(event.explain()).toMatchObject({ verdict: 'refused', reason: 'origin-not-allowed' });
});
