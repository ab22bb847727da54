import { describe, expect, test } from 'vitest';
import { PROFILES } from './profile.js';
import { createRequest, type FetchInit, type FetchRequest, normaliseMethod } from './request.js';
import type { Fault } from './verdict.js';

const { standard, chromium } = PROFILES;
const create = (init: FetchInit, profile = standard, url = 'https://api.example/') =>
  createRequest(url, init, 'https://page.example/', profile);
const headersOf = (headers: FetchInit['headers'], init: FetchInit = {}, profile = standard) => {
  const request = create({ ...init, ...(headers && { headers }) }, profile);
  return 'error' in request ? request : request.headers;
};

describe('methods', () => {
  test.each([
    ['get', 'GET'],
    ['pOsT', 'POST'],
    ['delete', 'DELETE'],
    ['head', 'HEAD'],
    ['options', 'OPTIONS'],
    ['put', 'PUT'],
    ['patch', 'patch'],
    ['PATCH', 'PATCH'],
    ['chicken', 'chicken'],
  ])('%s is sent as %s', (method, sent) => {
    expect(normaliseMethod(method)).toBe(sent);
    expect(create({ method })).toMatchObject({ method: sent });
  });

  test.each(['TRACE', 'trace', 'Track', 'CONNECT'])('%s is forbidden', (method) => {
    expect(create({ method })).toEqual({ error: 'ForbiddenMethod', parameter: method });
  });

  test.each(['', 'a b', 'é', 'a\n'])('%j is no method', (method) => {
    expect(create({ method })).toEqual({ error: 'InvalidMethod', parameter: method });
  });

  test('mode no-cors has three', () => {
    expect(create({ method: 'PUT', mode: 'no-cors' })).toEqual({
      error: 'MethodDisallowedByMode',
      parameter: 'PUT',
    });
    for (const method of ['GET', 'head', 'POST']) {
      expect(create({ method, mode: 'no-cors' })).not.toHaveProperty('error');
    }
  });

  test('are bytes', () => {
    expect(create({ method: '\u0100' })).toEqual({ error: 'NotAByteString', parameter: 'method' });
  });
});

describe('URLs', () => {
  test.each<[url: string, fault: Fault]>([
    ['http://[', { error: 'InvalidUrl' }],
    ['https://u:p@api.example/', { error: 'UrlContainsCredentials' }],
    ['https://u@api.example/', { error: 'UrlContainsCredentials' }],
  ])('%s', (url, fault) => {
    expect(create({}, standard, url)).toEqual(fault);
  });

  test('are relative to the page, if it has one', () => {
    const url = (base: string | undefined) => createRequest('/x', {}, base, standard);
    expect(url('https://page.example/')).toMatchObject({ url: { href: 'https://page.example/x' } });
    expect(url(undefined)).toEqual({ error: 'InvalidUrl' });
  });
});

describe('headers', () => {
  test('are taken as pairs, as a Map and as an object, their names in lower case, their values trimmed', () => {
    const expected = [['x-a', '1']];
    expect(headersOf([['X-A', ' 1\r\n']])).toEqual(expected);
    expect(headersOf(new Map([['X-A', '1']]))).toEqual(expected);
    expect(headersOf({ 'X-A': '1' })).toEqual(expected);
  });

  test.each([
    'Accept-Charset',
    'Accept-Encoding',
    'Access-Control-Request-Headers',
    'Access-Control-Request-Method',
    'Connection',
    'Content-Length',
    'Cookie',
    'Cookie2',
    'Date',
    'DNT',
    'Expect',
    'Host',
    'Keep-Alive',
    'Origin',
    'Referer',
    'Set-Cookie',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Via',
    'Proxy-',
    'Sec-Fetch-Site',
  ])('%s is dropped', (name) => {
    expect(headersOf([[name, '1']])).toEqual([]);
  });

  test.each([
    ['X-HTTP-Method', 'TRACE', true],
    ['X-HTTP-Method-Override', 'GET, track', true],
    ['X-Method-Override', ' connect ,', true],
    ['X-Method-Override', 'PUT', false],
    ['X-Method-Override', 'trace x', false],
    ['X-HTTP-Method', '"TRACE"', false],
    ['X-Other', 'TRACE', false],
  ])('%s: %s is dropped: %s', (name, value, dropped) => {
    expect(headersOf([[name, value]])).toHaveLength(dropped ? 0 : 1);
  });

  test('what Chromium alone drops and keeps', () => {
    for (const [name, kept] of [
      ['User-Agent', standard],
      ['Access-Control-Request-Private-Network', chromium],
      ['Access-Control-Request-Local-Network', chromium],
    ] as const) {
      expect(headersOf([[name, 'x']], {}, standard)).toHaveLength(kept === standard ? 1 : 0);
      expect(headersOf([[name, 'x']], {}, chromium)).toHaveLength(kept === chromium ? 1 : 0);
    }
  });

  test.each<[name: string, value: string, fault: Fault]>([
    ['', '1', { error: 'InvalidHeaderName', parameter: '' }],
    ['a b', '1', { error: 'InvalidHeaderName', parameter: 'a b' }],
    ['é', '1', { error: 'InvalidHeaderName', parameter: 'é' }],
    ['a', 'x\0y', { error: 'InvalidHeaderValue', parameter: 'a' }],
    ['a', 'x\ny', { error: 'InvalidHeaderValue', parameter: 'a' }],
    ['a', 'x\ry', { error: 'InvalidHeaderValue', parameter: 'a' }],
    ['a', '\u0100', { error: 'NotAByteString', parameter: 'headers' }],
    ['\u0100', '1', { error: 'NotAByteString', parameter: 'headers' }],
  ])('%j: %j throws', (name, value, fault) => {
    expect(headersOf([[name, value]])).toEqual(fault);
  });

  test('of a forbidden name have to be valid all the same', () => {
    expect(headersOf([['cookie', 'a\nb']])).toMatchObject({ error: 'InvalidHeaderValue' });
  });

  test('keep their lines in the standard and are joined in Chromium', () => {
    const lines = [
      ['x-b', '1'],
      ['x-a', '2'],
      ['X-B', '3'],
    ] as const;
    expect(headersOf(lines)).toEqual([
      ['x-b', '1'],
      ['x-a', '2'],
      ['x-b', '3'],
    ]);
    expect(headersOf(lines, {}, chromium)).toEqual([
      ['x-a', '2'],
      ['x-b', '1, 3'],
    ]);
  });

  test('are only the safelisted ones in mode no-cors', () => {
    const mode = { mode: 'no-cors' } as const;
    expect(
      headersOf(
        [
          ['accept', 'a'],
          ['content-type', 'application/json'],
          ['range', 'bytes=0-'],
          ['x-a', '1'],
          ['accept', 'b'],
          ['accept', '"'],
        ],
        mode,
      ),
    ).toEqual([['accept', 'a, b']]);
  });
});

describe('bodies', () => {
  const bodyOf = (init: FetchInit): Partial<FetchRequest> =>
    create({ method: 'POST', ...init }) as FetchRequest;

  test('a text comes with its type, unless the page names one', () => {
    expect(bodyOf({ body: 'x' })).toMatchObject({
      headers: [['content-type', 'text/plain;charset=UTF-8']],
      body: { content: 'x' },
      useCorsPreflight: false,
    });
    expect(bodyOf({ body: 'x', headers: { 'content-type': 'application/json' } }).headers).toEqual([
      ['content-type', 'application/json'],
    ]);
  });

  test('another body comes with the type that it has', () => {
    expect(bodyOf({ body: { contentType: 'image/png', content: 1 } }).headers).toEqual([
      ['content-type', 'image/png'],
    ]);
    expect(bodyOf({ body: { content: 1 } }).headers).toEqual([]);
  });

  test('a stream and a listener ask for a preflight', () => {
    expect(bodyOf({ body: { stream: true } }).useCorsPreflight).toBe(true);
    expect(bodyOf({ uploadListener: true }).useCorsPreflight).toBe(true);
  });

  test.each(['GET', 'HEAD', undefined])('%s has none', (method) => {
    expect(create({ ...(method && { method }), body: '' })).toEqual({ error: 'BodyNotAllowed' });
  });
});

test('what is not said is as in a fetch without options', () => {
  expect(create({})).toMatchObject({
    method: 'GET',
    headers: [],
    credentials: 'same-origin',
    mode: 'cors',
    redirect: 'follow',
    body: undefined,
  });
});
