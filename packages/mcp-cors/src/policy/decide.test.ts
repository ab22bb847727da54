import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { anyText } from '../../../../test/fixtures/texts.js';
import type { PolicySettings } from './config.js';
import { compileDecide, denyAfter } from './decide.js';
import { CARRIER_REASONS, type Decision, REASONS, type Reason, type RequestHead } from './decision.js';
import { ENDPOINT_KINDS, type EndpointKind } from './endpoints.js';
import { atOnce } from './parts.js';
import { createPolicy, type StaticPolicyConfig } from './policy.js';
import { REVISIONS, type Revision } from './revisions.js';

const APP = 'https://app.example.com';
const HOST = 'mcp.example.com';

const OPEN: StaticPolicyConfig = { origins: '*', hosts: HOST };
const BASE: StaticPolicyConfig = {
  origins: [APP, 'https://*.example.net', 'http://localhost:*'],
  hosts: [HOST],
};
const COOKIES: StaticPolicyConfig = { ...BASE, origins: [APP, 'https://*.example.net'], credentials: true };
const LOCAL: StaticPolicyConfig = { origins: APP };
const BROWSERS: StaticPolicyConfig = { ...BASE, missingOrigin: 'deny' };
const SANDBOX: StaticPolicyConfig = { ...BASE, dangerouslyAllowNullOrigin: true };
const ANY_HOST: StaticPolicyConfig = { origins: APP, dangerouslyAllowAnyHost: true };
const DEBUG: StaticPolicyConfig = { ...BASE, debug: true };
const NEWEST: StaticPolicyConfig = { ...BASE, revisions: '2026-07-28' };

const GET: RequestHead = { method: 'GET', path: '/mcp', host: HOST };
const POST: RequestHead = { method: 'POST', path: '/mcp', host: HOST, contentType: 'application/json' };
const PREFLIGHT: RequestHead = {
  method: 'OPTIONS',
  path: '/mcp',
  host: HOST,
  origin: APP,
  requestMethod: 'POST',
};

interface Case {
  readonly name: string;
  readonly config: StaticPolicyConfig;
  readonly head: RequestHead;
  readonly reason: Reason;
  /** Other parts of the decision. */
  readonly also?: Partial<Decision>;
}

const CASES: readonly Case[] = [
  // Request target (RFC 9112 section 3.2).
  {
    name: 'an absolute form',
    config: BASE,
    head: { ...POST, path: 'http://mcp.example.com/mcp' },
    reason: 'request-target-not-allowed',
  },
  {
    name: 'an authority form',
    config: BASE,
    head: { ...POST, path: 'mcp.example.com:443' },
    reason: 'request-target-not-allowed',
  },
  {
    name: 'an authority form of OPTIONS',
    config: BASE,
    head: { ...PREFLIGHT, path: 'mcp.example.com:443' },
    reason: 'request-target-not-allowed',
  },
  {
    name: 'headers that may be missing',
    config: BASE,
    head: { ...POST, incomplete: true },
    reason: 'request-head-incomplete',
  },
  {
    name: 'an image of another site',
    config: BASE,
    head: { ...GET, origin: undefined, fetchSite: 'cross-site', fetchDest: 'image' },
    reason: 'cross-site-request',
  },
  {
    name: 'a frame of another subdomain',
    config: BASE,
    head: { ...GET, path: '/sse', origin: undefined, fetchSite: 'same-site', fetchDest: 'iframe' },
    reason: 'cross-site-request',
  },
  {
    name: 'a link of another site',
    config: BASE,
    head: { ...GET, origin: undefined, fetchSite: 'cross-site', fetchDest: 'document' },
    reason: 'no-origin',
  },
  {
    name: 'an image of the same origin',
    config: BASE,
    head: { ...GET, origin: undefined, fetchSite: 'same-origin', fetchDest: 'image' },
    reason: 'no-origin',
  },
  {
    name: 'an image of another site where the path is not MCP',
    config: { ...BASE, endpoints: { '/mcp': 'other' } },
    head: { ...GET, origin: undefined, fetchSite: 'cross-site', fetchDest: 'image' },
    reason: 'no-origin',
  },
  {
    name: 'an image of another site where any origin is admitted',
    config: { ...BASE, origins: '*' },
    head: { ...GET, origin: undefined, fetchSite: 'cross-site', fetchDest: 'image' },
    reason: 'no-origin',
  },
  { name: 'no path', config: BASE, head: { ...GET, path: '' }, reason: 'request-target-not-allowed' },
  {
    name: 'an asterisk outside OPTIONS',
    config: BASE,
    head: { ...GET, path: '*' },
    reason: 'request-target-not-allowed',
  },
  {
    name: 'OPTIONS *',
    config: BASE,
    head: { method: 'OPTIONS', path: '*', host: HOST },
    reason: 'no-origin',
  },
  {
    name: 'OPTIONS * as a preflight',
    config: BASE,
    head: { ...PREFLIGHT, path: '*' },
    reason: 'preflight-allowed',
  },

  // Host.
  { name: 'no Host', config: BASE, head: { ...POST, host: undefined, origin: APP }, reason: 'host-missing' },
  { name: 'an empty Host', config: BASE, head: { ...POST, host: '' }, reason: 'host-missing' },
  {
    name: 'no Host without an allowlist',
    config: LOCAL,
    head: { ...POST, host: undefined },
    reason: 'host-missing',
  },
  {
    name: 'a foreign Host',
    config: BASE,
    head: { ...POST, host: 'evil.example' },
    reason: 'host-not-allowed',
  },
  {
    name: 'a foreign Host with an allowed Origin',
    config: BASE,
    head: { ...POST, host: 'evil.example', origin: APP },
    reason: 'host-not-allowed',
  },
  {
    name: 'rebinding: foreign Host and the same Origin',
    config: LOCAL,
    head: { ...POST, host: 'evil.example:3000', origin: 'http://evil.example:3000' },
    reason: 'host-not-allowed',
  },
  {
    name: 'rebinding without Origin',
    config: LOCAL,
    head: { ...GET, host: 'evil.example:3000' },
    reason: 'host-not-allowed',
  },
  {
    name: 'rebinding of a preflight',
    config: BASE,
    head: { ...PREFLIGHT, host: 'evil.example' },
    reason: 'host-not-allowed',
  },
  {
    name: 'rebinding of a policy for any origin',
    config: OPEN,
    head: { ...POST, host: 'evil.example' },
    reason: 'host-not-allowed',
  },
  {
    name: 'two Host lines',
    config: BASE,
    head: { ...POST, host: `${HOST}, evil.example` },
    reason: 'host-not-allowed',
  },
  {
    name: 'a wrong port',
    config: { ...BASE, hosts: `${HOST}:8443` },
    head: { ...POST, host: `${HOST}:9443` },
    reason: 'host-not-allowed',
  },
  {
    name: 'a public name on a loopback connection',
    config: LOCAL,
    head: { ...POST, host: HOST, loopback: true },
    reason: 'host-not-allowed',
  },
  {
    name: 'a public name on a public connection',
    config: LOCAL,
    head: { ...POST, host: HOST, loopback: false },
    reason: 'no-origin',
  },
  {
    name: 'a loopback name',
    config: LOCAL,
    head: { ...POST, host: 'localhost:3000', loopback: true },
    reason: 'no-origin',
  },
  { name: 'a loopback address', config: LOCAL, head: { ...POST, host: '[::1]:3000' }, reason: 'no-origin' },
  {
    name: 'a named host on a public connection',
    config: BASE,
    head: { ...POST, host: 'evil.example', loopback: false },
    reason: 'host-not-allowed',
  },
  {
    name: 'any host, dangerously',
    config: ANY_HOST,
    head: { ...POST, host: 'evil.example' },
    reason: 'no-origin',
  },
  {
    name: 'no host where any is allowed',
    config: ANY_HOST,
    head: { ...POST, host: undefined },
    reason: 'no-origin',
  },
  {
    name: 'Host before Origin',
    config: BROWSERS,
    head: { ...POST, host: 'evil.example' },
    reason: 'host-not-allowed',
  },
  {
    name: 'the request target before Host',
    config: BASE,
    head: { ...POST, path: 'x', host: 'evil.example' },
    reason: 'request-target-not-allowed',
  },

  // Origin.
  {
    name: 'an allowed origin',
    config: BASE,
    head: { ...POST, origin: APP },
    reason: 'origin-allowed',
    also: { rule: APP },
  },
  {
    name: 'an origin allowed by a wildcard',
    config: BASE,
    head: { ...POST, origin: 'https://a.example.net' },
    reason: 'origin-allowed',
    also: { rule: 'https://*.example.net' },
  },
  {
    name: 'an origin under any',
    config: OPEN,
    head: { ...POST, origin: 'https://b.example' },
    reason: 'origin-allowed',
    also: { rule: '*' },
  },
  {
    name: 'a foreign origin',
    config: BASE,
    head: { ...POST, origin: 'https://evil.example' },
    reason: 'origin-not-allowed',
  },
  {
    name: 'a foreign origin of a GET',
    config: BASE,
    head: { ...GET, origin: 'https://evil.example' },
    reason: 'origin-not-allowed',
  },
  {
    name: 'a foreign origin of a preflight',
    config: BASE,
    head: { ...PREFLIGHT, origin: 'https://evil.example' },
    reason: 'origin-not-allowed',
  },
  {
    name: 'a foreign origin of a DELETE',
    config: BASE,
    head: { ...GET, method: 'DELETE', origin: 'https://evil.example' },
    reason: 'origin-not-allowed',
  },
  {
    name: 'a foreign origin of OPTIONS without a requested method',
    config: BASE,
    head: { ...GET, method: 'OPTIONS', origin: 'https://evil.example' },
    reason: 'origin-not-allowed',
  },
  {
    name: 'a foreign origin at metadata',
    config: BASE,
    head: { ...GET, path: '/.well-known/oauth-protected-resource', origin: 'https://evil.example' },
    reason: 'origin-not-allowed',
  },
  { name: 'an empty origin', config: BASE, head: { ...POST, origin: '' }, reason: 'origin-not-allowed' },
  {
    name: 'the longest origin that there can be',
    config: OPEN,
    head: {
      ...POST,
      origin: `x${'y'.repeat(63)}://${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}:65535`,
    },
    reason: 'origin-allowed',
  },
  {
    name: 'an empty origin under any',
    config: OPEN,
    head: { ...POST, origin: '' },
    reason: 'origin-not-allowed',
  },
  {
    name: 'two origins',
    config: BASE,
    head: { ...POST, origin: `${APP}, ${APP}` },
    reason: 'origin-not-allowed',
  },
  {
    name: 'two origins under any',
    config: OPEN,
    head: { ...POST, origin: `${APP}, ${APP}` },
    reason: 'origin-not-allowed',
  },
  {
    name: 'an origin in upper case',
    config: BASE,
    head: { ...POST, origin: APP.toUpperCase() },
    reason: 'origin-not-allowed',
  },
  {
    name: 'an origin with a trailing slash',
    config: BASE,
    head: { ...POST, origin: `${APP}/` },
    reason: 'origin-not-allowed',
  },
  {
    name: 'an origin of 64 kB',
    config: BASE,
    head: { ...POST, origin: `https://${'a'.repeat(65_536)}` },
    reason: 'origin-not-allowed',
  },
  {
    name: 'an origin of 64 kB that ends like an allowed one',
    config: BASE,
    head: { ...POST, origin: `https://${'a.'.repeat(32_768)}example.net` },
    reason: 'origin-not-allowed',
  },
  { name: 'the null origin', config: BASE, head: { ...POST, origin: 'null' }, reason: 'origin-null' },
  {
    name: 'the null origin under any',
    config: OPEN,
    head: { ...POST, origin: 'null' },
    reason: 'origin-null',
  },
  {
    name: 'the null origin of a preflight',
    config: BASE,
    head: { ...PREFLIGHT, origin: 'null' },
    reason: 'origin-null',
  },
  {
    name: 'the null origin, dangerously',
    config: SANDBOX,
    head: { ...POST, origin: 'null' },
    reason: 'origin-allowed',
    also: { rule: 'null' },
  },
  {
    name: 'NULL where null is allowed',
    config: SANDBOX,
    head: { ...POST, origin: 'NULL' },
    reason: 'origin-not-allowed',
  },
  { name: 'no origin', config: BASE, head: POST, reason: 'no-origin' },
  {
    name: 'no origin where browsers alone are served',
    config: BROWSERS,
    head: POST,
    reason: 'origin-missing',
  },
  {
    name: 'an origin where browsers alone are served',
    config: BROWSERS,
    head: { ...POST, origin: APP },
    reason: 'origin-allowed',
  },

  // The server's own pages.
  {
    name: 'a page of the server',
    config: BASE,
    head: { ...POST, origin: `http://${HOST}` },
    reason: 'same-origin',
  },
  {
    name: 'a page of the server over https',
    config: BASE,
    head: { ...POST, scheme: 'https', origin: `https://${HOST}` },
    reason: 'same-origin',
  },
  {
    name: 'a page of the server with a port',
    config: BASE,
    head: { ...POST, host: `${HOST}:3000`, origin: `http://${HOST}:3000` },
    reason: 'same-origin',
  },
  {
    name: 'a page of the server on loopback',
    config: LOCAL,
    head: { ...POST, host: 'localhost:3000', origin: 'http://localhost:3000' },
    reason: 'same-origin',
  },
  {
    name: 'a preflight of a page of the server',
    config: BASE,
    head: { ...PREFLIGHT, origin: `http://${HOST}` },
    reason: 'preflight-allowed',
  },
  {
    name: 'another port of the host',
    config: BASE,
    head: { ...POST, host: `${HOST}:3000`, origin: `http://${HOST}:3001` },
    reason: 'origin-not-allowed',
  },
  {
    name: 'another scheme of the host',
    config: BASE,
    head: { ...POST, origin: `https://${HOST}` },
    reason: 'origin-not-allowed',
  },
  {
    name: 'plain http of a host served over https',
    config: BASE,
    head: { ...POST, scheme: 'https', origin: `http://${HOST}` },
    reason: 'origin-not-allowed',
  },
  {
    name: 'a page of a Host that nobody checked',
    config: LOCAL,
    head: { ...POST, host: 'evil.example', origin: 'http://evil.example', loopback: false },
    reason: 'origin-not-allowed',
  },
  {
    name: 'a page of any host, dangerously',
    config: ANY_HOST,
    head: { ...POST, host: 'evil.example', origin: 'http://evil.example' },
    reason: 'origin-not-allowed',
  },

  // Preflight (https://fetch.spec.whatwg.org/#cors-preflight-request).
  {
    name: 'a preflight',
    config: BASE,
    head: PREFLIGHT,
    reason: 'preflight-allowed',
    also: { rule: APP, kind: 'mcp' },
  },
  {
    name: 'a preflight for GET',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'GET' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight for HEAD',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'HEAD' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight for DELETE',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'DELETE' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight with headers',
    config: BASE,
    head: {
      ...PREFLIGHT,
      requestHeaders: 'authorization,content-type,last-event-id,mcp-protocol-version,mcp-session-id',
    },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight with the headers of 2026',
    config: BASE,
    head: {
      ...PREFLIGHT,
      requestHeaders: 'content-type,mcp-method,mcp-name,mcp-param-region,mcp-protocol-version',
    },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight with an empty list',
    config: BASE,
    head: { ...PREFLIGHT, requestHeaders: '' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight for PUT',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'PUT' },
    reason: 'method-not-allowed',
    also: { subject: 'PUT', kind: 'mcp' },
  },
  {
    name: 'a preflight for PUT that the owner added',
    config: { ...BASE, methods: 'put' },
    head: { ...PREFLIGHT, requestMethod: 'PUT' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight for a method in lower case',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'post' },
    reason: 'method-not-allowed',
    also: { subject: 'post' },
  },
  {
    name: 'a preflight for CONNECT',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'CONNECT' },
    reason: 'method-not-allowed',
  },
  {
    name: 'a preflight for an empty method',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: '' },
    reason: 'method-not-allowed',
  },
  {
    name: 'a preflight for two methods',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'POST, GET' },
    reason: 'method-not-allowed',
  },
  {
    name: 'a preflight for any method',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: '*' },
    reason: 'method-not-allowed',
  },
  {
    name: 'a preflight for GET under 2026-07-28',
    config: NEWEST,
    head: { ...PREFLIGHT, requestMethod: 'GET' },
    reason: 'method-not-allowed',
  },
  {
    name: 'a preflight for DELETE under 2026-07-28',
    config: NEWEST,
    head: { ...PREFLIGHT, requestMethod: 'DELETE' },
    reason: 'method-not-allowed',
  },
  {
    name: 'a preflight for PATCH where patch was added',
    config: { ...BASE, methods: ['patch'] },
    head: { ...PREFLIGHT, requestMethod: 'PATCH' },
    reason: 'method-not-allowed',
  },
  {
    name: 'a preflight for patch where both were added',
    config: { ...BASE, methods: ['PATCH', 'patch'] },
    head: { ...PREFLIGHT, requestMethod: 'patch' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight with a foreign header',
    config: BASE,
    head: { ...PREFLIGHT, requestHeaders: 'content-type,x-evil' },
    reason: 'request-header-not-allowed',
    also: { subject: 'x-evil', kind: 'mcp' },
  },
  {
    name: 'a preflight with a header that the owner added',
    config: { ...BASE, allowedHeaders: 'X-Api-Key' },
    head: { ...PREFLIGHT, requestHeaders: 'x-api-key' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight with any header',
    config: { ...BASE, allowedHeaders: '*' },
    head: { ...PREFLIGHT, requestHeaders: 'authorization,x-anything' },
    reason: 'preflight-allowed',
  },
  {
    name: 'a preflight with a forbidden header under any',
    config: { ...BASE, allowedHeaders: '*' },
    head: { ...PREFLIGHT, requestHeaders: 'cookie' },
    reason: 'request-header-not-allowed',
    also: { subject: 'cookie' },
  },
  {
    name: 'a preflight with Mcp-Session-Id under 2026-07-28',
    config: NEWEST,
    head: { ...PREFLIGHT, requestHeaders: 'mcp-session-id' },
    reason: 'request-header-not-allowed',
  },
  {
    name: 'a preflight with Mcp-Method under 2025-11-25',
    config: { ...BASE, revisions: '2025-11-25' },
    head: { ...PREFLIGHT, requestHeaders: 'mcp-method' },
    reason: 'request-header-not-allowed',
  },
  {
    name: 'a preflight with a header at metadata',
    config: BASE,
    head: {
      ...PREFLIGHT,
      path: '/.well-known/oauth-protected-resource',
      requestMethod: 'GET',
      requestHeaders: 'authorization',
    },
    reason: 'request-header-not-allowed',
    also: { kind: 'metadata' },
  },
  {
    name: 'a preflight with a list of line feeds',
    config: BASE,
    head: { ...PREFLIGHT, requestHeaders: 'accept\naccept' },
    reason: 'request-headers-malformed',
    also: { subject: undefined },
  },
  {
    name: 'a preflight with 100 kB of commas',
    config: BASE,
    head: { ...PREFLIGHT, requestHeaders: ','.repeat(100_000) },
    reason: 'request-headers-malformed',
  },
  {
    name: 'a preflight with 10,000 names',
    config: BASE,
    head: { ...PREFLIGHT, requestHeaders: 'accept,'.repeat(10_000) },
    reason: 'request-headers-malformed',
  },
  {
    name: 'the method before the headers',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: 'PUT', requestHeaders: 'x-evil' },
    reason: 'method-not-allowed',
  },
  {
    name: 'the null origin’s preflight, dangerously',
    config: SANDBOX,
    head: { ...PREFLIGHT, origin: 'null' },
    reason: 'preflight-allowed',
  },

  // What is not a preflight.
  {
    name: 'OPTIONS of a native client',
    config: BASE,
    head: { ...PREFLIGHT, origin: undefined },
    reason: 'no-origin',
  },
  {
    name: 'OPTIONS without a requested method',
    config: BASE,
    head: { ...PREFLIGHT, requestMethod: undefined },
    reason: 'origin-allowed',
  },
  {
    name: 'a GET that looks like a preflight',
    config: BASE,
    head: { ...PREFLIGHT, method: 'GET' },
    reason: 'origin-allowed',
  },
  {
    name: 'options in lower case',
    config: BASE,
    head: { ...PREFLIGHT, method: 'options' },
    reason: 'origin-allowed',
  },

  // Content type.
  {
    name: 'a POST of text/plain',
    config: BASE,
    head: { ...POST, origin: APP, contentType: 'text/plain' },
    reason: 'content-type-not-allowed',
    also: { kind: 'mcp' },
  },
  {
    name: 'a POST of text/plain with a parameter',
    config: BASE,
    head: { ...POST, contentType: 'text/plain; a=application/json' },
    reason: 'content-type-not-allowed',
  },
  {
    name: 'a POST of a form',
    config: BASE,
    head: { ...POST, contentType: 'application/x-www-form-urlencoded' },
    reason: 'content-type-not-allowed',
  },
  {
    name: 'a POST of a multipart form',
    config: BASE,
    head: { ...POST, contentType: 'multipart/form-data; boundary=x' },
    reason: 'content-type-not-allowed',
  },
  {
    name: 'a POST without a type',
    config: BASE,
    head: { ...POST, contentType: undefined },
    reason: 'content-type-not-allowed',
  },
  {
    name: 'a POST with an empty type',
    config: BASE,
    head: { ...POST, contentType: '' },
    reason: 'content-type-not-allowed',
  },
  {
    name: 'a POST with two types',
    config: BASE,
    head: { ...POST, contentType: 'text/plain, application/json' },
    reason: 'content-type-not-allowed',
  },
  {
    name: 'a POST of a page of the server',
    config: BASE,
    head: { ...POST, origin: `http://${HOST}`, contentType: 'text/plain' },
    reason: 'content-type-not-allowed',
  },
  {
    name: 'a POST to messages',
    config: BASE,
    head: { ...POST, path: '/messages', contentType: 'text/plain' },
    reason: 'content-type-not-allowed',
    also: { kind: 'messages' },
  },
  {
    name: 'a POST to sse',
    config: BASE,
    head: { ...POST, path: '/sse', contentType: 'text/plain' },
    reason: 'content-type-not-allowed',
    also: { kind: 'sse' },
  },
  {
    name: 'a POST to a path that hides behind an encoding',
    config: { ...BASE, endpoints: { '/files/*': 'other' } },
    head: { ...POST, path: '/files/%2e%2e/mcp', contentType: 'text/plain' },
    reason: 'content-type-not-allowed',
    also: { kind: 'mcp' },
  },
  {
    name: 'a POST of a form to the token endpoint',
    config: BASE,
    head: { ...POST, path: '/token', contentType: 'application/x-www-form-urlencoded' },
    reason: 'no-origin',
    also: { kind: 'oauth' },
  },
  {
    name: 'a POST of a form to something else',
    config: { ...BASE, endpoints: { '/upload': 'other' } },
    head: { ...POST, path: '/upload', origin: APP, contentType: 'multipart/form-data' },
    reason: 'origin-allowed',
    also: { kind: 'other' },
  },
  {
    name: 'a POST with parameters of its type',
    config: BASE,
    head: { ...POST, contentType: 'application/json; charset=utf-8' },
    reason: 'no-origin',
  },
  { name: 'a GET without a type', config: BASE, head: { ...GET, origin: APP }, reason: 'origin-allowed' },
  {
    name: 'a DELETE without a type',
    config: BASE,
    head: { ...GET, method: 'DELETE', origin: APP },
    reason: 'origin-allowed',
  },
  {
    name: 'Origin before the content type',
    config: BASE,
    head: { ...POST, origin: 'https://evil.example', contentType: 'text/plain' },
    reason: 'origin-not-allowed',
  },
];

function decide(config: StaticPolicyConfig, head: RequestHead): Decision {
  return createPolicy(config).decide(head);
}

/** The values of a header, none when it is absent. */
function values(decision: Decision, name: string): string[] {
  return decision.headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}

/** The names in a header that is a list, sorted. */
function names(decision: Decision, header: string): string {
  return values(decision, header)
    .flatMap((value) => value.split(', '))
    .sort()
    .join(' ');
}

function corsHeaders(decision: Decision): string[] {
  return decision.headers.map(([name]) => name).filter((name) => /^access-control-/i.test(name));
}

describe('the decision', () => {
  test.each(CASES)('$name: $reason', ({ config, head, reason, also = {} }) => {
    const decision = decide(config, head);
    expect(decision.reason).toBe(reason);
    expect(decision).toMatchObject({
      outcome: REASONS[reason].outcome,
      status: REASONS[reason].status,
      wouldDeny: undefined,
      ...also,
    });
    if (decision.outcome === 'deny') {
      const { error } = JSON.parse(decision.body as string);
      expect(error.data.reason).toBe(reason);
      expect(values(decision, 'content-type')).toEqual(['application/json']);
    } else {
      expect(decision.body).toBeUndefined();
    }
  });

  test.each(Object.keys(REASONS))('%s has a case, unless it is a carrier that decides so', (reason) => {
    const byCarrier = (CARRIER_REASONS as readonly string[]).includes(reason);
    expect(CASES.some((one) => one.reason === reason)).toBe(!byCarrier);
  });

  describe.each(CARRIER_REASONS)('%s', (reason) => {
    test.each<[RequestHead, boolean]>([
      [{ ...POST, origin: APP }, true],
      [{ ...POST, origin: undefined }, false],
      [{ ...POST, origin: 'https://evil.example' }, false],
      [{ ...POST, origin: APP, contentType: 'text/plain' }, true],
      [PREFLIGHT, false],
      [{ ...PREFLIGHT, requestHeaders: 'x-other' }, false],
    ])('in place of the decision about %j', (head, readable) => {
      const before = decide(BASE, head);
      const denial = denyAfter(before, reason);
      const { status, check } = REASONS[reason];
      expect(denial).toMatchObject({ outcome: 'deny', reason, status, vary: before.vary, kind: before.kind });
      expect(denial.rule).toBe(before.rule);
      expect(['session', 'limit']).toContain(check);
      expect(values(denial, 'content-type')).toEqual(['application/json']);
      expect(values(denial, 'access-control-allow-origin')).toEqual(readable ? [APP] : []);
      expect(JSON.parse(denial.body as string).error.data.reason).toBe(reason);
    });
  });

  test.each(CASES)('$name: a policy that only reports lets it pass', ({ config, head, reason }) => {
    const decision = decide({ ...config, reportOnly: true }, head);
    expect(decision.reason).toBe(reason);
    if (REASONS[reason].outcome !== 'deny') {
      expect(decision.wouldDeny).toBeUndefined();
      return;
    }
    expect(decision).toMatchObject({
      outcome: 'pass',
      status: undefined,
      headers: [],
      vary: '',
      body: undefined,
    });
    expect(decision.wouldDeny).toEqual(decide(config, head));
  });
});

describe('the headers of a decision', () => {
  it('lets the page of an allowed origin read the response, and names what it may read', () => {
    const decision = decide(BASE, { ...POST, origin: APP });
    expect(values(decision, 'access-control-allow-origin')).toEqual([APP]);
    expect(corsHeaders(decision).toSorted()).toEqual([
      'access-control-allow-origin',
      'access-control-expose-headers',
    ]);
    expect(decision.vary).toBe('Origin');
  });

  it('names the origin that came, not the pattern that admitted it', () => {
    expect(
      values(decide(BASE, { ...POST, origin: 'https://a.example.net' }), 'access-control-allow-origin'),
    ).toEqual(['https://a.example.net']);
    expect(values(decide(SANDBOX, { ...POST, origin: 'null' }), 'access-control-allow-origin')).toEqual([
      'null',
    ]);
    expect(
      values(decide(BASE, { ...POST, origin: `http://${HOST}` }), 'access-control-allow-origin'),
    ).toEqual([`http://${HOST}`]);
  });

  it('gives credentials to allowed origins alone, and in lower case', () => {
    for (const head of [{ ...POST, origin: APP }, PREFLIGHT]) {
      expect(values(decide(COOKIES, head), 'access-control-allow-credentials')).toEqual(['true']);
      expect(values(decide(BASE, head), 'access-control-allow-credentials')).toEqual([]);
    }
    expect(corsHeaders(decide(COOKIES, POST))).toEqual([]);
  });

  it('under any origin says * to everybody, and needs no Vary', () => {
    for (const head of [POST, { ...POST, origin: APP }, { ...GET, origin: 'https://b.example' }]) {
      const decision = decide(OPEN, head);
      expect(values(decision, 'access-control-allow-origin')).toEqual(['*']);
      expect(decision.vary).toBe('');
    }
    expect(values(decide(OPEN, PREFLIGHT), 'access-control-allow-origin')).toEqual(['*']);
    const sandboxed = decide({ ...OPEN, dangerouslyAllowNullOrigin: true }, { ...POST, origin: 'null' });
    expect(values(sandboxed, 'access-control-allow-origin')).toEqual(['*']);
  });

  it('varies by Origin also when none came and when it was refused', () => {
    for (const head of [
      POST,
      { ...POST, origin: APP },
      { ...POST, origin: 'https://evil.example' },
      { ...POST, host: 'x' },
    ]) {
      expect(decide(BASE, head).vary).toBe('Origin');
    }
    expect(corsHeaders(decide(BASE, POST))).toEqual([]);
  });

  it('lets an allowed origin read why its content type was refused', () => {
    const decision = decide(BASE, { ...POST, origin: APP, contentType: 'text/plain' });
    expect(values(decision, 'access-control-allow-origin')).toEqual([APP]);
    expect(decision.vary).toBe('Origin');
    expect(corsHeaders(decide(BASE, { ...POST, contentType: 'text/plain' }))).toEqual([]);
  });

  it('answers a preflight with method, requested headers and age, once each', () => {
    const requestHeaders = 'Content-Type, mcp-session-id,,  x-b';
    const decision = decide(
      { ...COOKIES, allowedHeaders: ['X-B'], maxAge: 600 },
      { ...PREFLIGHT, requestHeaders },
    );
    expect(Object.fromEntries(decision.headers)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': expect.stringContaining('POST'),
      'access-control-allow-headers': requestHeaders,
      'access-control-max-age': '600',
    });
    expect(decision.headers).toHaveLength(5);
    expect(decision.vary.split(', ').sort()).toEqual([
      'Access-Control-Request-Headers',
      'Access-Control-Request-Method',
      'Origin',
    ]);
  });

  it('names no headers in a preflight that asked for none', () => {
    for (const requestHeaders of [undefined, '']) {
      expect(values(decide(BASE, { ...PREFLIGHT, requestHeaders }), 'access-control-allow-headers')).toEqual(
        [],
      );
    }
  });

  test.each([
    [undefined, '7200'],
    [0, '0'],
    [-1, '0'], // the standard has no negative age: zero turns the cache off
    [86_400, '86400'],
  ])('a maxAge of %s is sent as %s', (maxAge, sent) => {
    expect(values(decide({ ...BASE, maxAge }, PREFLIGHT), 'access-control-max-age')).toEqual([sent]);
  });

  it('gives a refused preflight no CORS header', () => {
    for (const { config, head, reason } of CASES) {
      const decision = decide(config, head);
      if (decision.outcome === 'deny' && reason !== 'content-type-not-allowed')
        expect(corsHeaders(decision)).toEqual([]);
    }
  });

  it('exposes what the owner adds, and says * where all may be read', () => {
    const added = decide(
      { ...BASE, exposedHeaders: ['X-Request-Id', 'retry-after'] },
      { ...POST, origin: APP },
    );
    const listed = names(added, 'access-control-expose-headers').toLowerCase().split(' ');
    expect(listed).toContain('x-request-id');
    expect(listed.filter((name) => name === 'retry-after')).toHaveLength(1);
    expect(names(added, 'access-control-expose-headers').split(' ')).toContain('Retry-After'); // as it was spelled first
    const all = decide({ ...BASE, exposedHeaders: ['X-A', '*'] }, { ...POST, origin: APP });
    expect(values(all, 'access-control-expose-headers')).toEqual(['*']);
  });
});

describe('debug mode', () => {
  test.each([
    ['method', { requestMethod: 'PUT' }, 'method-not-allowed'],
    ['header', { requestHeaders: 'content-type,x-evil' }, 'request-header-not-allowed'],
    ['list', { requestHeaders: 'a b' }, 'request-headers-malformed'],
  ])('answers a refused %s so that the console can name it', (_, part, reason) => {
    const decision = decide({ ...DEBUG, allowedHeaders: 'X-Mine' }, { ...PREFLIGHT, ...part });
    expect(decision).toMatchObject({ outcome: 'deny', reason, status: 204, body: undefined });
    expect(values(decision, 'access-control-allow-origin')).toEqual([APP]);
    expect(names(decision, 'access-control-allow-methods')).toBe('DELETE GET POST');
    expect(names(decision, 'access-control-allow-headers').toLowerCase()).not.toContain('evil');
    expect(names(decision, 'access-control-allow-headers')).toContain('X-Mine');
    expect(decision.vary).toContain('Access-Control-Request-Method');
  });

  it('tells nothing to foreign origins, nor to hosts that are not allowed', () => {
    for (const part of [{ origin: 'https://evil.example' }, { origin: 'null' }, { host: 'evil.example' }]) {
      const decision = decide(DEBUG, { ...PREFLIGHT, ...part, requestMethod: 'PUT' });
      expect(decision.status).toBe(403);
      expect(corsHeaders(decision)).toEqual([]);
    }
  });

  // https://fetch.spec.whatwg.org/#cors-preflight-fetch-0 step 7.5: the browser refuses a method that is not listed only
  // when it is not safelisted. An answer that passes would let the request through that is refused without debug.
  test.each(['GET', 'HEAD', 'POST'])(
    'never lets a browser go on that is refused without it: %s',
    (requestMethod) => {
      for (const path of ['/mcp', '/messages', '/.well-known/oauth-protected-resource', '/token']) {
        const head = { ...PREFLIGHT, path, requestMethod };
        const decision = decide({ ...DEBUG, revisions: '2026-07-28' }, head);
        if (decision.outcome === 'deny') expect(decision.status).toBe(403);
      }
    },
  );

  it('answers for a header that is called like a method as for any other', () => {
    const decision = decide(DEBUG, { ...PREFLIGHT, requestHeaders: 'GET' });
    expect(decision).toMatchObject({ reason: 'request-header-not-allowed', subject: 'GET', status: 204 });
  });

  it('names a header as missing only when it is', () => {
    const head = { ...PREFLIGHT, requestHeaders: 'mcp-param-region,x-evil' };
    const allowed = names(decide(DEBUG, head), 'access-control-allow-headers').toLowerCase();
    expect(allowed).toContain('mcp-param-region');
    expect(allowed).not.toContain('x-evil');
  });
});

describe('what each kind of endpoint allows under a single revision', () => {
  const PATHS: Record<EndpointKind, string> = {
    mcp: '/mcp',
    sse: '/sse',
    messages: '/messages',
    metadata: '/.well-known/oauth-protected-resource',
    oauth: '/token',
    other: '/other',
  };
  const SESSION = ['authorization', 'dpop', 'last-event-id', 'mcp-protocol-version', 'mcp-session-id'];
  const REQUESTED: Record<Revision, readonly string[]> = {
    '2024-11-05': [],
    '2025-03-26': SESSION,
    '2025-06-18': SESSION,
    '2025-11-25': SESSION,
    '2026-07-28': [
      'authorization',
      'dpop',
      'mcp-method',
      'mcp-name',
      'mcp-param-region',
      'mcp-protocol-version',
    ],
  };
  const EXPOSED: Record<Revision, string> = {
    '2024-11-05': 'Retry-After',
    '2025-03-26': 'Last-Event-ID Mcp-Session-Id Retry-After',
    '2025-06-18': 'DPoP-Nonce Last-Event-ID MCP-Protocol-Version Mcp-Session-Id Retry-After WWW-Authenticate',
    '2025-11-25': 'DPoP-Nonce Last-Event-ID MCP-Protocol-Version Mcp-Session-Id Retry-After WWW-Authenticate',
    '2026-07-28': 'DPoP-Nonce MCP-Protocol-Version Retry-After WWW-Authenticate',
  };
  const METHODS: Record<Revision, Record<'mcp' | 'sse' | 'messages', string>> = {
    '2024-11-05': { mcp: 'GET POST', sse: 'GET POST', messages: 'POST' },
    '2025-03-26': { mcp: 'DELETE GET POST', sse: 'GET POST', messages: 'POST' },
    '2025-06-18': { mcp: 'DELETE GET POST', sse: 'GET POST', messages: 'POST' },
    '2025-11-25': { mcp: 'DELETE GET POST', sse: 'GET POST', messages: 'POST' },
    '2026-07-28': { mcp: 'POST', sse: 'POST', messages: 'POST' },
  };
  const FIXED: Record<
    'metadata' | 'oauth' | 'other',
    { methods: string; requested: string[]; exposed: string }
  > = {
    metadata: { methods: 'GET', requested: ['accept', 'mcp-protocol-version'], exposed: 'ETag Retry-After' },
    oauth: {
      methods: 'POST',
      requested: ['accept', 'authorization', 'content-type', 'dpop', 'mcp-protocol-version'],
      exposed: 'DPoP-Nonce Retry-After WWW-Authenticate',
    },
    other: {
      methods: 'GET HEAD POST',
      requested: ['accept', 'authorization', 'content-type'],
      exposed: 'Retry-After WWW-Authenticate',
    },
  };
  const TRIED = [
    ...new Set([
      ...Object.values(REQUESTED).flat(),
      'accept',
      'content-type',
      'mcp-param-x',
      'mcp-param-',
      'x-evil',
      'range',
      'cookie',
    ]),
  ];

  function expected(revision: Revision, kind: EndpointKind) {
    if (kind === 'metadata' || kind === 'oauth' || kind === 'other') return FIXED[kind];
    const requested = ['accept', 'content-type', ...REQUESTED[revision]];
    if (revision === '2026-07-28') requested.push('mcp-param-x');
    return { methods: METHODS[revision][kind], requested, exposed: EXPOSED[revision] };
  }

  describe.each(REVISIONS)('%s', (revision) => {
    test.each(ENDPOINT_KINDS)('%s', (kind) => {
      const policy = createPolicy({ ...BASE, revisions: revision, endpoints: { '/other': 'other' } });
      const { methods, requested, exposed } = expected(revision, kind);
      const path = PATHS[kind];
      const requestMethod = methods.split(' ')[0];

      const preflight = policy.decide({ ...PREFLIGHT, path, requestMethod });
      expect(preflight.kind).toBe(kind);
      expect(names(preflight, 'access-control-allow-methods')).toBe(methods);

      const listed = methods.split(' ');
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS']) {
        // HEAD is GET without the body (RFC 9110 section 9.3.2).
        const allowed = listed.includes(method) || (method === 'HEAD' && listed.includes('GET'));
        const { reason } = policy.decide({ ...PREFLIGHT, path, requestMethod: method });
        expect([method, reason]).toEqual([method, allowed ? 'preflight-allowed' : 'method-not-allowed']);
      }

      const passing = TRIED.filter(
        (name) =>
          policy.decide({ ...PREFLIGHT, path, requestMethod, requestHeaders: name }).outcome === 'preflight',
      );
      expect(passing.toSorted()).toEqual([...new Set(requested)].toSorted());

      const response = policy.decide({ ...GET, path, origin: APP });
      expect(names(response, 'access-control-expose-headers')).toBe(exposed);
    });
  });
});

test('settings that serve no revision allow nothing, and expose nothing', () => {
  const settings: PolicySettings = { ...createPolicy(BASE).settings, revisions: [] };
  const decide = atOnce(compileDecide(settings)) as (head: RequestHead) => Decision; // there is no directory
  expect(corsHeaders(decide({ ...POST, origin: APP }))).toEqual(['access-control-allow-origin']);
  for (const requestMethod of ['GET', 'POST', 'DELETE']) {
    expect(decide({ ...PREFLIGHT, requestMethod }).reason).toBe('method-not-allowed');
  }
});

describe('a policy under attack', () => {
  const anyPolicy = () =>
    fc.constantFrom(
      ...[OPEN, BASE, COOKIES, LOCAL, BROWSERS, SANDBOX, ANY_HOST, DEBUG, NEWEST].flatMap((config) => [
        createPolicy(config),
        createPolicy({ ...config, debug: true, maxAge: -1 }),
        createPolicy({ ...config, reportOnly: true }),
      ]),
    );
  const hostile = fc.oneof(
    anyText(60),
    fc.string({ unit: fc.constantFrom(...'\r\n\0\t ,;:/@*.%\u007f\u0080é'), maxLength: 30 }),
    fc
      .tuple(fc.constantFrom('a', ',', 'a,', ' ', '/', '\0', 'https://', '.'), fc.nat(100_000))
      .map(([unit, size]) => unit.repeat(Math.ceil(size / unit.length))),
  );
  const head: fc.Arbitrary<RequestHead> = fc.record(
    {
      method: fc.oneof(fc.constantFrom('GET', 'POST', 'OPTIONS', 'DELETE', 'HEAD'), hostile),
      path: fc.oneof(
        fc.constantFrom('/mcp', '/', '/token', '*', '/.well-known/oauth-protected-resource'),
        hostile,
      ),
      host: fc.oneof(fc.constantFrom(HOST, 'localhost:3000', 'evil.example'), hostile),
      scheme: fc.constantFrom('http', 'https'),
      origin: fc.oneof(
        fc.constantFrom(
          APP,
          'null',
          'https://a.example.net',
          'https://evil.example',
          `http://${HOST}`,
          'http://localhost:3000',
        ),
        hostile,
      ),
      requestMethod: fc.oneof(fc.constantFrom('GET', 'POST', 'PUT'), hostile),
      requestHeaders: fc.oneof(fc.constantFrom('content-type', 'x-evil', 'mcp-param-x'), hostile),
      contentType: fc.oneof(fc.constantFrom('application/json', 'text/plain'), hostile),
      sessionId: hostile,
      loopback: fc.boolean(),
    },
    { requiredKeys: ['method', 'path'] },
  );

  test('never throws, whatever the head holds', () => {
    fc.assert(
      fc.property(anyPolicy(), head, ({ decide }, request) => {
        expect(Object.keys(REASONS)).toContain(decide(request).reason);
      }),
      { numRuns: 3000 },
    );
  });

  test('a refused origin never gets an Access-Control-* header, and neither does a refused host', () => {
    let refused = 0;
    fc.assert(
      fc.property(anyPolicy(), head, ({ decide }, request) => {
        const decision = decide(request);
        const actual = decision.wouldDeny ?? decision;
        if (
          actual.outcome !== 'deny' ||
          !['request-target', 'host', 'origin'].includes(REASONS[actual.reason].check)
        )
          return;
        refused++;
        expect(corsHeaders(decision)).toEqual([]);
        expect(corsHeaders(actual)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  test('an origin that is echoed is the one that came, and is serialised as browsers do', () => {
    fc.assert(
      fc.property(anyPolicy(), head, ({ decide }, request) => {
        for (const value of values(decide(request), 'access-control-allow-origin')) {
          if (value === '*') continue;
          expect(value).toBe(request.origin);
          if (value !== 'null') expect(new URL(value).origin).toBe(value);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('* never meets credentials', () => {
    fc.assert(
      fc.property(anyPolicy(), head, ({ decide }, request) => {
        const decision = decide(request);
        if (values(decision, 'access-control-allow-credentials').length === 0) return;
        for (const name of ['origin', 'headers', 'methods']) {
          expect(names(decision, `access-control-allow-${name}`).split(' ')).not.toContain('*');
        }
        expect(names(decision, 'access-control-expose-headers')).not.toContain('*');
      }),
      { numRuns: 3000 },
    );
  });

  test('no header of a decision is repeated, or carries what could split a response', () => {
    fc.assert(
      fc.property(anyPolicy(), head, ({ decide }, request) => {
        const { headers } = decide(request);
        const lower = headers.map(([name]) => name.toLowerCase());
        expect(new Set(lower).size).toBe(lower.length);
        for (const [, value] of headers) expect(value).toMatch(/^[\t\x20-\x7e]*$/);
      }),
      { numRuns: 3000 },
    );
  });

  test('deciding twice gives the same, whatever was decided between', () => {
    fc.assert(
      fc.property(anyPolicy(), head, head, ({ decide }, request, other) => {
        const first = decide(request);
        decide(other);
        expect(decide(request)).toEqual(first);
      }),
      { numRuns: 1000 },
    );
  });

  test('neither order nor case of the requested headers decides', () => {
    const name = fc.constantFrom(
      'accept',
      'content-type',
      'mcp-session-id',
      'mcp-param-a',
      'mcp-method',
      'x-evil',
      'cookie',
      'authorization',
    );
    const list = fc.array(name, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        anyPolicy(),
        list.chain((one) =>
          fc.tuple(fc.constant(one), fc.shuffledSubarray(one, { minLength: one.length }), fc.nat(255)),
        ),
        ({ decide }, [one, other, upper]) => {
          const mixed = other.map((text, i) => ((upper >> i) & 1 ? text.toUpperCase() : text));
          const [a, b] = [one, mixed].map((texts) =>
            decide({ ...PREFLIGHT, requestHeaders: texts.join(',') }),
          );
          expect([b?.outcome, b?.reason, b?.status]).toEqual([a?.outcome, a?.reason, a?.status]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  // What is quadratic in a hundred thousand characters would not come to its end.
  test('a hostile head of any size is refused or decided about', () => {
    const { decide } = createPolicy({ ...BASE, origins: ['https://*.example.net'], hosts: '*.example.com' });
    const heads: RequestHead[] = [
      { ...PREFLIGHT, origin: 'https://a.example.net', requestHeaders: ','.repeat(100_000) },
      { ...PREFLIGHT, origin: 'https://a.example.net', requestHeaders: 'accept , '.repeat(12_000) },
      { ...POST, origin: `https://${'a.'.repeat(50_000)}example.net` },
      { ...POST, host: `${'a.'.repeat(50_000)}example.com` },
      { ...POST, contentType: `application/json;${' '.repeat(100_000)}` },
      { ...POST, path: `/${'.'.repeat(100_000)}` },
      { ...POST, path: '/.'.repeat(50_000) },
    ];
    for (const one of heads)
      expect(decide(one).outcome).toBe(one === heads.at(-1) || one === heads.at(-2) ? 'pass' : 'deny');
  });

  test('only so much is kept of the origins that a wildcard admits', () => {
    const { decide } = createPolicy(BASE);
    // A decision that comes back as the same object was kept.
    const origins = Array.from({ length: 5000 }, (_, i) => `https://a${i}.example.net`);
    const made = origins.map((origin) => decide({ ...POST, origin }));
    const anew = origins.toReversed().map((origin) => decide({ ...POST, origin }));
    expect(anew.toReversed()).toEqual(made);
    expect(anew.toReversed().filter((one, i) => one === made[i]).length).toBeLessThanOrEqual(1000);
  });

  test('decisions of origins that are named, and of the last of a wildcard, are kept and given again', () => {
    const origins = Array.from({ length: 2500 }, (_, i) => `https://a${i}.example.org`);
    const { decide } = createPolicy({ ...BASE, origins: [...origins, 'https://*.example.net'] });
    const made = origins.map((origin) => decide({ ...POST, origin }));
    expect(origins.every((origin, i) => decide({ ...POST, origin }) === made[i])).toBe(true);
    const matched = ['https://a.example.net', 'https://b.example.net'];
    const first = matched.map((origin) => decide({ ...POST, origin }));
    expect(matched.every((origin, i) => decide({ ...POST, origin }) === first[i])).toBe(true);
    const preflight = decide({ ...PREFLIGHT, origin: origins[0] });
    expect(decide({ ...PREFLIGHT, origin: origins[0] })).toBe(preflight);
  });

  test('nothing is made or kept for the origins that are refused', () => {
    const { decide } = createPolicy(BASE);
    const refused = Array.from({ length: 100 }, (_, i) =>
      decide({ ...POST, origin: `https://evil${i}.example` }),
    );
    expect(refused[0]?.reason).toBe('origin-not-allowed');
    expect(new Set(refused).size).toBe(1);
  });

  test('ten thousand origins are decided about as one is', () => {
    const origins = Array.from({ length: 10_000 }, (_, i) => `https://a${i}.example.org`);
    const { decide } = createPolicy({ origins, hosts: HOST });
    expect(decide({ ...POST, origin: 'https://a9999.example.org' }).reason).toBe('origin-allowed');
    expect(decide({ ...POST, origin: 'https://a10000.example.org' }).reason).toBe('origin-not-allowed');
    expect(decide({ ...POST, origin: 'https://a9999xexample.org' }).reason).toBe('origin-not-allowed');
  });
});

/** The names of everything within a value that is not frozen. */
function thawed(value: unknown, path = 'decision'): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Object.isFrozen(value) ? [] : [path];
  return [...own, ...Object.entries(value).flatMap(([key, part]) => thawed(part, `${path}.${key}`))];
}

// jub0bs/cors #14: what is shared between requests must not be changed by one of them.
test.each(CASES)('a decision is frozen to its last value: $name', ({ config, head }) => {
  expect(thawed(decide(config, head))).toEqual([]);
  expect(thawed(decide({ ...config, debug: true }, head))).toEqual([]);
  expect(thawed(decide({ ...config, reportOnly: true }, head))).toEqual([]);
});
