import { expect, test } from 'vitest';
import { fetchSite, isTrustworthy } from './fetchMetadata.js';
import { parseUrl, type UrlRecord } from './url.js';

const urls = (...texts: readonly string[]): UrlRecord[] =>
  texts.map((text) => parseUrl(text)).filter((url) => url !== undefined);

test.each([
  ['https://a.example.com', ['https://a.example.com/x'], 'same-origin'],
  ['https://a.example.com', ['https://b.example.com/x'], 'same-site'],
  ['https://a.example.com', ['http://a.example.com/x'], 'cross-site'],
  ['https://a.example.com', ['https://a.example.com:8443/x'], 'same-site'],
  ['https://a.example.com', ['https://a.example.net/x'], 'cross-site'],
  ['https://a.github.io', ['https://b.github.io/'], 'cross-site'],
  ['http://127.0.0.1:1', ['http://127.0.0.1:2/'], 'same-site'],
  ['http://127.0.0.1:1', ['http://127.0.0.2:2/'], 'cross-site'],
  ['https://a.example.com', ['https://b.example.com/', 'https://a.example.com/'], 'same-site'],
  ['https://a.example.com', ['https://other.net/', 'https://a.example.com/'], 'cross-site'],
  ['null', ['https://a.example.com/'], 'cross-site'],
])('from %s by way of %j it is %s', (origin, texts, site) => {
  expect(fetchSite(origin, urls(...texts))).toBe(site);
});

test.each([
  ['https://mcp.example.com/', true],
  ['http://mcp.example.com/', false],
  ['http://localhost:3000/', true],
  ['http://127.0.0.1/', true],
])('%s is trustworthy: %s', (text, trustworthy) => {
  expect(urls(text).map(isTrustworthy)).toEqual([trustworthy]);
});
