import { describe, expect, test } from 'vitest';
import { CHECKS, DENIAL_BODIES, DENIAL_ERROR_CODE, REASONS, type Reason } from './decision.js';

describe('REASONS', () => {
  test.each(Object.entries(REASONS))(
    '%s says what follows from it',
    (code, { outcome, status, check, message }) => {
      expect(code).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
      expect(CHECKS).toContain(check);
      expect(message).toMatch(/^[A-Z].*[^.]$/);
      if (outcome === 'pass') expect(status).toBeUndefined();
      if (outcome === 'preflight') expect(status).toBe(204);
      if (outcome === 'deny') expect(status).toBeGreaterThanOrEqual(400);
    },
  );

  test.each<[Reason, number]>([
    ['host-missing', 403],
    ['host-not-allowed', 403],
    ['origin-missing', 403],
    ['origin-null', 403],
    ['origin-not-allowed', 403],
    ['content-type-not-allowed', 415],
  ])('%s answers %i', (reason, status) => {
    expect(REASONS[reason].status).toBe(status);
  });

  test('nobody can turn a denial into a pass', () => {
    expect(Object.isFrozen(REASONS)).toBe(true);
    for (const facts of Object.values(REASONS)) expect(Object.isFrozen(facts)).toBe(true);
  });
});

describe('DENIAL_BODIES', () => {
  const denials = (Object.keys(REASONS) as Reason[]).filter((reason) => REASONS[reason].outcome === 'deny');

  test('there is one for each denial, and for nothing else', () => {
    expect(Object.keys(DENIAL_BODIES).toSorted()).toEqual(denials.toSorted());
    expect(Object.isFrozen(DENIAL_BODIES)).toBe(true);
  });

  test.each(denials)('%s is a JSON-RPC error response without id', (reason) => {
    const body: unknown = JSON.parse(DENIAL_BODIES[reason] as string);
    expect(body).toEqual({
      jsonrpc: '2.0',
      error: { code: DENIAL_ERROR_CODE, message: REASONS[reason].message, data: { reason } },
    });
    expect(DENIAL_ERROR_CODE).toBe(-32000);
  });
});
