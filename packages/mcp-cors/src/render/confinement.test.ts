import { expect, test } from 'vitest';
import { placeRules } from './confinement.js';
import type { RoutePlan } from './plan.js';

const route = (path: string, exact = false, upstreamPath = path): RoutePlan =>
  ({ path, exact, upstream: { path: upstreamPath } }) as RoutePlan;
const isInside = (routes: readonly RoutePlan[], path: string): boolean => {
  for (const { regexp, inside } of placeRules(routes)) {
    // JavaScript of Node 20 has no groups of their own case.
    const [, start = '', any, end = ''] = /^(.*?)(?:\(\?i:(.*)\)(\(\?:\/\|\$\)|\$))?$/.exec(regexp) ?? [];
    const matches =
      any === undefined ? new RegExp(start).test(path) : new RegExp(`${start}${any}${end}`, 'i').test(path);
    if (matches) return inside;
  }
  return true;
};

test('nothing is kept in where everything goes to one server as it is', () => {
  expect(placeRules([route('')])).toEqual([]);
  expect(placeRules([route('', false, '/inner')])).not.toEqual([]);
});

test.each([
  '/mcp',
  '/mcp/',
  '/mcp/x.y/z',
  '/mcp/...',
  '/mcp/a%20b',
  '/mcp/%C3%BC',
  '/mcp/.well-known/x',
  '/mcpx',
  '/',
  '/mcp/$&+,:=@!*()',
])('%s is plain', (path) => expect(isInside([route('/mcp')], path)).toBe(true));

test.each([
  '/mcp/..',
  '/mcp/../x',
  '/mcp/./x',
  '/mcp/%2e%2e/x',
  '/mcp/%2E./x',
  '/mcp/..%2fx',
  '/mcp/..%2Fx',
  '/mcp/x%2f..%2f..%2fx',
  '/mcp/..\\x',
  '/mcp/..%5cx',
  '/mcp/..;/x',
  '/mcp;/x',
  '//mcp',
  '/mcp//x',
  '/%6dcp',
  '/%6Dcp',
  '/%76%32/x',
  '/mcp%00',
  '/mcp%0a',
  '/mcp/%0D%0Ax',
  '/mcp/%7f',
  '/mcp#/x',
  '/MCP',
  '/Mcp/x',
])('%s is not', (path) => expect(isInside([route('/mcp'), route('')], path)).toBe(false));

test('of routes below each other, each in its own case', () => {
  const routes = [route('/v2/deep', true), route('/v2/deep'), route('/v2'), route('')];
  for (const path of ['/v2', '/v2/x', '/v2/deep', '/v2/deep/x', '/v2/deeper', '/v2/deep/X'])
    expect(isInside(routes, path), path).toBe(true);
  for (const path of ['/V2', '/V2/deep', '/v2/DEEP', '/v2/Deep/x', '/V2/x'])
    expect(isInside(routes, path), path).toBe(false);
});
