import { expect, test } from 'vitest';
import { ADDRESS_SPACES, addressSpaceOf, isLocalNetworkRequest, pageAddressSpace } from './addressSpace.js';

test.each([
  ['localhost', 'loopback'],
  ['app.localhost', 'loopback'],
  ['127.0.0.1', 'loopback'],
  ['127.255.0.3', 'loopback'],
  ['[::1]', 'loopback'],
  ['10.0.0.1', 'local'],
  ['172.16.0.1', 'local'],
  ['172.31.255.255', 'local'],
  ['192.168.1.1', 'local'],
  ['169.254.1.1', 'local'],
  ['100.64.0.1', 'local'],
  ['100.127.0.1', 'local'],
  ['[fc00::1]', 'local'],
  ['[fd12:3456::1]', 'local'],
  ['[fe80::1]', 'local'],
  ['[febf::1]', 'local'],
  ['printer.local', 'local'],
  ['172.15.0.1', 'public'],
  ['172.32.0.1', 'public'],
  ['100.63.0.1', 'public'],
  ['100.128.0.1', 'public'],
  ['11.0.0.1', 'public'],
  ['[fec0::1]', 'public'],
  ['[2001:db8::1]', 'public'],
  ['mcp.example.com', 'public'],
  ['notlocalhost', 'public'],
  ['127.0.0.1.example.com', 'public'],
  ['10.0.0.1.example.com', 'public'],
])('%s is %s', (host, space) => {
  expect(addressSpaceOf(host)).toBe(space);
});

test.each([
  ['https://mcp.example.com', 'public'],
  ['http://192.168.1.1', 'local'],
  ['http://localhost:3000', 'loopback'],
  // As a real Chromium told of a page of an extension: initiatorIPAddressSpace Loopback, in a secure context.
  ['chrome-extension://abcdefghijklmnopabcdefghijklmnop', 'loopback'],
  ['vscode-webview://id', 'loopback'],
])('a page at %s is %s', (origin, space) => {
  expect(pageAddressSpace(new URL(origin))).toBe(space);
});

test('a request to a more private address is one to the local network', () => {
  for (const page of ADDRESS_SPACES) {
    for (const target of ADDRESS_SPACES) {
      const more = ADDRESS_SPACES.indexOf(target) < ADDRESS_SPACES.indexOf(page);
      expect(isLocalNetworkRequest(page, target)).toBe(more);
    }
  }
  expect(isLocalNetworkRequest('public', 'loopback')).toBe(true);
  expect(isLocalNetworkRequest('loopback', 'public')).toBe(false);
});
