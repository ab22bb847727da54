import type { RequestListener } from 'node:http';
import cors from 'cors';
import express from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { examine } from '../../../packages/mcp-cors/src/doctor/index.js';
import { startModernServer } from '../servers/modern.js';
import { createPlainMcp, type PlainChecks } from '../servers/plainMcp.js';
import { type Started, serve, startFront } from '../servers/start.js';

type Front = (listener: RequestListener) => RequestListener;

const PAGE = 'https://app.example.com';
const FOREIGN_FINDINGS = [
  'host-not-checked',
  'origin-not-checked',
  'foreign-origin-reflected',
  'any-origin-allowed',
];

/** What is said of foreign hosts and origins with the attacks and without them. */
async function saidOf(
  checks: PlainChecks,
  headers: readonly (readonly [string, string])[] = [],
): Promise<readonly Readonly<Record<string, string>>[]> {
  return saidOfServer(await serve((base) => createPlainMcp(PAGE, () => base.origin, checks)), headers);
}

async function saidOfServer(
  server: Started,
  headers: readonly (readonly [string, string])[] = [],
): Promise<readonly Readonly<Record<string, string>>[]> {
  onTestFinished(server.close);
  const said = [];
  for (const attack of [false, true]) {
    const { findings } = await examine({
      target: server.url,
      origins: [PAGE],
      headers,
      attack,
      timeoutMs: 20_000,
    });
    const foreign = findings.filter(({ id }) => FOREIGN_FINDINGS.includes(id));
    said.push(Object.fromEntries(foreign.map(({ id, severity }) => [id, severity])));
  }
  return said;
}

describe('a check says the same of foreign pages with the attacks and without them', () => {
  it.each<readonly [string, PlainChecks, Readonly<Record<string, string>>]>([
    ['a correct server', {}, {}],
    [
      'any host',
      { isHost: () => true, isOrigin: () => true },
      {
        'host-not-checked': 'error',
        'origin-not-checked': 'error',
        'foreign-origin-reflected': 'error',
      },
    ],
    [
      'any origin, where the host is checked',
      { isOrigin: () => true },
      { 'origin-not-checked': 'error', 'foreign-origin-reflected': 'error' },
    ],
    ['origins that the browser alone keeps out', { refuses: false }, { 'origin-not-checked': 'warning' }],
  ])('%s', async (_, checks, expected) => {
    expect(await saidOf(checks)).toEqual([expected, expected]);
  });

  it.each<readonly [string, (front: Front) => Promise<Started>]>([
    ['HTTP+SSE', (front) => startFront(front, '/sse')],
    ['2026-07-28 alone', (front) => startModernServer('*', front)],
    ['the revisions with sessions', (front) => startFront(front)],
  ])('a server of %s that lets every page in', async (_, start) => {
    const open = {
      'host-not-checked': 'error',
      'origin-not-checked': 'error',
      'any-origin-allowed': 'error',
    };
    const server = await start((listener) => express().use(cors()).use(listener));
    expect(await saidOfServer(server)).toEqual([open, open]);
  });

  it('a server that asks for a token, and reflects every origin', async () => {
    const expected = { 'foreign-origin-reflected': 'warning' };
    expect(await saidOf({ token: 'a-token-that-no-page-has', isOrigin: () => true })).toEqual([
      expected,
      expected,
    ]);
  });

  it('a server that asks for a token, which no foreign page has', async () => {
    const token = 'a-token-that-no-page-has';
    const checks = { token, isHost: () => true, refuses: false };

    expect(await saidOf(checks, [['Authorization', `Bearer ${token}`]])).toEqual([{}, {}]);
  });
});
