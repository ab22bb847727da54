import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../policy/index.js';
import type { Answer } from '../attacks/prober.js';
import { isDoubled, isForPeople, keepAliveSeconds, unreadable } from './answers.js';

const PAGE = 'https://app.example.com';

function answer(status: number, headers: readonly HeaderField[] = [], text = ''): Answer {
  const witness = { request: { method: 'POST', url: 'http://127.0.0.1:1/mcp', headers: [] } };
  return {
    status,
    headers,
    text,
    reply: undefined,
    firstEvent: undefined,
    headMs: 1,
    witness,
    close: () => {},
  };
}

const ALLOWED: HeaderField = ['Access-Control-Allow-Origin', PAGE];

describe('unreadable', () => {
  const right = answer(200, [ALLOWED]);

  it('gives refusals without the header that what is right carries', () => {
    const bare = answer(405);
    const refused = [
      ['a', bare],
      ['b', answer(406, [ALLOWED])],
    ] as const;

    expect(unreadable({ preflight: undefined, right, refused }, PAGE)).toEqual([['a', bare]]);
  });

  it.each([
    ['a server that allows no page', answer(200), answer(405)],
    ['a refusal of the page itself', right, answer(403)],
    ['a server that does not answer', undefined, answer(405)],
  ])('gives nothing for %s', (_, rightOne, refusal) => {
    expect(unreadable({ preflight: undefined, right: rightOne, refused: [['a', refusal]] }, PAGE)).toEqual(
      [],
    );
  });
});

describe('isDoubled', () => {
  it('counts lines, not values', () => {
    expect(isDoubled(answer(200, [ALLOWED, ['access-control-allow-origin', '*']]))).toBe(true);
    expect(isDoubled(answer(200, [ALLOWED]))).toBe(false);
    expect(isDoubled(answer(200))).toBe(false);
  });
});

describe('isForPeople', () => {
  it.each([
    ['a login page', 200, 'text/html; charset=utf-8', '<!doctype html><title>Sign in</title>', true],
    ['a challenge', 403, 'text/html', '<html><form></form></html>', true],
    // Its own finding, with the status.
    ['an error of the server', 502, 'text/html', '<html></html>', false],
    ['a text that is called HTML', 200, 'text/html', 'OK', false],
    ['JSON', 200, 'application/json', '{"html":"<html>"}', false],
  ])('of %s', (_, status, type, text, expected) => {
    expect(isForPeople(answer(status, [['Content-Type', type]], text))).toBe(expected);
  });
});

describe('keepAliveSeconds', () => {
  it.each([
    ['timeout=5', 5],
    ['max=100, timeout=72', 72],
    ['max=100', undefined],
    ['timeout=999999999999', undefined],
  ])('of %s', (value, expected) => {
    expect(keepAliveSeconds(answer(200, [['Keep-Alive', value]]))).toBe(expected);
  });
});
