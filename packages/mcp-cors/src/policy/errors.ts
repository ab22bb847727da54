import { freezeDeep } from './frozen.js';

/** Every way a policy configuration can be wrong: a stable code, the sentence for people, and what to do about it. */
export const POLICY_ISSUES = freezeDeep({
  'config-not-object': {
    message: 'the policy is not an object',
    remedy: "Pass an object such as { origins: ['https://app.example.com'] }.",
  },
  'unknown-key': {
    message: 'this key is not part of a policy',
    remedy: 'Remove the key, or correct its spelling.',
  },
  'wrong-type': {
    message: 'the value has the wrong type',
    remedy: 'Use the type that the message names.',
  },
  'origins-missing': {
    message: 'no origin is named, so no page could ever connect',
    remedy: "Name the pages that may connect: origins: ['https://app.example.com'].",
  },
  'origin-syntax': {
    message: 'this is not an origin pattern',
    remedy:
      'Write scheme://host or scheme://host:port, such as https://app.example.com or http://localhost:*.',
  },
  'origin-too-long': {
    message: 'the origin pattern is longer than any origin can be',
    remedy: 'Shorten it: a scheme has at most 64 characters and a host at most 253.',
  },
  'origin-has-path': {
    message: 'an origin has no path, query or fragment, not even a trailing slash',
    remedy: 'Cut everything after the host and port.',
  },
  'origin-has-userinfo': {
    message: 'an origin has no user name or password',
    remedy: 'Remove everything up to and including the @ sign.',
  },
  'origin-not-lower-case': {
    message: 'browsers send origins in lower case, so this pattern would never match',
    remedy: 'Write the scheme and the host in lower case.',
  },
  'origin-not-ascii': {
    message: 'browsers send internationalised hosts in punycode, so this pattern would never match',
    remedy: 'Write the host in its xn-- form.',
  },
  'origin-default-port': {
    message: 'browsers leave the default port out, so this pattern would never match',
    remedy: 'Remove the port.',
  },
  'origin-port-invalid': {
    message: 'the port is not a number from 1 to 65535 without leading zeros, nor *',
    remedy: 'Correct the port, write :* for any port, or leave it out for the default one.',
  },
  'origin-wildcard-misplaced': {
    message: 'a wildcard stands where none is allowed',
    remedy: "Use a leading '*.' for one or more labels, or ':*' for any port; '*' alone means any origin.",
  },
  'origin-ip-not-canonical': {
    message: 'browsers send IP addresses in canonical form, so this pattern would never match',
    remedy: 'Write IPv4 as four decimal numbers, IPv6 compressed and in brackets, such as [::1].',
  },
  'origin-scheme-unusable': {
    message: 'pages of this scheme have no origin of their own',
    remedy: 'Serve the page over http or https; file: pages send "Origin: null".',
  },
  'origin-null': {
    message: 'null is the origin of every sandboxed frame and local file, so it names nobody',
    remedy: 'Remove it. If you must, set dangerouslyAllowNullOrigin: true instead.',
  },
  'origin-insecure-with-credentials': {
    message: 'with credentials, a plain-http origin lets anyone on the network act as its user',
    remedy: 'Use https, or set dangerouslyAllowInsecureOrigins: true.',
  },
  'origin-any-with-credentials': {
    message: 'any origin together with credentials hands every user over to every page',
    remedy: 'Name the origins, or remove credentials.',
  },
  'origin-any-not-alone': {
    message: "'*' already admits any origin, so the other patterns would have no effect",
    remedy: "Remove '*', or remove every other pattern.",
  },
  'null-origin-with-credentials': {
    message: 'the null origin together with credentials hands every user over to every sandboxed frame',
    remedy: 'Remove dangerouslyAllowNullOrigin, or remove credentials.',
  },
  'origin-public-suffix': {
    message: 'anyone can register a name directly under this public suffix',
    remedy: 'Name the domain: https://*.example.com. If you must, set dangerouslyAllowPublicSuffixes: true.',
  },
  'regexp-syntax': {
    message: 'this is not a regular expression',
    remedy: 'Correct it, or use a pattern such as https://*.example.com.',
  },
  'regexp-stateful': {
    message:
      'the flags g and y make a regular expression remember its last match, and so admit every other request',
    remedy: 'Remove the flag.',
  },
  'regexp-flag': {
    message: 'of the flags only i and u mean something for origins',
    remedy: 'Remove the flag.',
  },
  'regexp-not-anchored': {
    message: 'the regular expression is not anchored at both ends, so it matches parts of foreign origins',
    remedy: 'Begin each alternative with ^ and end it with $, and use neither in between.',
  },
  'regexp-unescaped-dot': {
    message: 'an unescaped dot stands for any character, and so for domains that others can register',
    remedy: 'Write \\. for a dot, or [^.] for any character of a label.',
  },
  'regexp-grammar': {
    message: 'the regular expression uses what cannot be shown to match in linear time',
    remedy: 'Use characters, classes, groups, choices and repetitions, with the escapes \\d and \\w.',
  },
  'regexp-too-complex': {
    message: 'the regular expression is too long, too deep or repeats too much',
    remedy: 'Split it into several, or use patterns such as https://*.example.com.',
  },
  'regexp-open-domain': {
    message: 'the regular expression is not bound to a domain, so others can register a name that it admits',
    remedy:
      'Let it end in a domain of yours: \\.example\\.com$. If you must, set dangerouslyAllowPublicSuffixes: true.',
  },
  'alias-syntax': {
    message: 'this is not a host suffix',
    remedy: 'Write a dot and a domain in lower case, such as .svc.cluster.local.',
  },
  'alias-public-suffix': {
    message: 'under a public suffix names belong to different people, and must not become one',
    remedy: 'Name a suffix of your own, such as .corp.example.com.',
  },
  'host-syntax': {
    message: 'this is not a host',
    remedy:
      'Write a name or an address as it stands in the Host header, such as mcp.example.com or [::1]:8080.',
  },
  'host-public-suffix': {
    message: 'anyone can register a name directly under this public suffix, and rebind it to this server',
    remedy: 'Name the host: mcp.example.com. If you must, set dangerouslyAllowPublicSuffixes: true.',
  },
  'hosts-empty': {
    message: 'no host is named, so every request would be refused',
    remedy: "Name the hosts under which you serve: hosts: ['mcp.example.com'], or leave hosts out.",
  },
  'method-forbidden': {
    message: 'browsers never send this method (Fetch standard, forbidden method)',
    remedy: 'Remove it.',
  },
  'method-syntax': {
    message: 'this is not a method name',
    remedy: 'Write a method such as PUT; every method but the standard six is case-sensitive.',
  },
  'request-header-syntax': {
    message: 'this is not a header name',
    remedy: 'Write a name such as X-Api-Key.',
  },
  'request-header-forbidden': {
    message: 'pages cannot set this header (Fetch standard, forbidden request-header)',
    remedy: 'Remove it: the browser sets it, or nobody does.',
  },
  'request-header-is-cors-response': {
    message: 'this is a CORS response header, which a request never carries',
    remedy: 'Remove it: mcp-cors sets it by itself.',
  },
  'request-header-any-with-credentials': {
    message: "'*' is taken literally when credentials are on (Fetch standard, CORS-preflight fetch)",
    remedy: 'Name the headers, or remove credentials.',
  },
  'exposed-header-syntax': {
    message: 'this is not a header name',
    remedy: 'Write a name such as X-Request-Id.',
  },
  'exposed-header-forbidden': {
    message: 'pages can never read this header (Fetch standard, forbidden response-header name)',
    remedy: 'Remove it.',
  },
  'exposed-header-any-with-credentials': {
    message: "'*' is taken literally when credentials are on (Fetch standard, CORS-exposed header-name list)",
    remedy: 'Name the headers, or remove credentials.',
  },
  'max-age-out-of-range': {
    message: 'the preflight cache time is not a whole number of seconds from -1 to 86400',
    remedy:
      'Use seconds: 7200 is the most that Chromium keeps, 86400 the most of Firefox, -1 turns caching off.',
  },
  'revisions-empty': {
    message: 'no revision is named, so nothing could be allowed',
    remedy: 'Name at least one revision, or leave revisions out to serve all.',
  },
  'revision-unknown': {
    message: 'this is not a published MCP revision that mcp-cors knows',
    remedy: 'Use one of 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28.',
  },
  'endpoint-path-syntax': {
    message: 'this is not an endpoint path',
    remedy:
      'Write an absolute path such as /mcp, or /mcp/* for everything below it; no query, no dot segments.',
  },
  'endpoint-kind-unknown': {
    message: 'this is not an endpoint kind',
    remedy: 'Use one of mcp, sse, messages, metadata, oauth, other.',
  },
  'missing-origin-invalid': {
    message: 'missingOrigin is neither allow nor deny',
    remedy: "Use 'allow' to let native clients pass, or 'deny' to serve browsers alone.",
  },
  'session-secret-missing': {
    message: 'sessions cannot be sealed without a secret',
    remedy: 'Set sessions.secret to what `openssl rand -base64 32` prints.',
  },
  'session-secret-short': {
    message: 'a secret of fewer than 32 characters could be guessed',
    remedy: 'Use what `openssl rand -base64 32` prints.',
  },
} as const);

/** A stable code of {@link POLICY_ISSUES}. Sentences may change between versions, codes do not. */
export type PolicyIssueCode = keyof typeof POLICY_ISSUES;

/** One thing that is wrong with a policy configuration. */
export interface PolicyIssue {
  readonly code: PolicyIssueCode;
  /** Where in the configuration, such as `origins[2]`. Empty for the configuration itself. */
  readonly path: string;
  /** The value that was found there. */
  readonly value: unknown;
  readonly message: string;
  readonly remedy: string;
}

/** Thrown by `createPolicy`: carries every issue of the configuration, not only the first. */
export class PolicyConfigError extends Error {
  override readonly name = 'PolicyConfigError';
  readonly code = 'ERR_POLICY_CONFIG';
  readonly issues: readonly PolicyIssue[];

  constructor(issues: readonly PolicyIssue[]) {
    const lines = issues.map((issue) => `  ${issue.path || 'policy'}: ${issue.message}. ${issue.remedy}`);
    const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
    super(`the policy has ${count}:\n${lines.join('\n')}`);
    this.issues = Object.freeze([...issues]);
  }
}

/** Makes an issue from its code. `detail` is put behind the message, `remedy` replaces the general one. */
export function policyIssue(
  code: PolicyIssueCode,
  path: string,
  value: unknown,
  specifics: { readonly detail?: string; readonly remedy?: string } = {},
): PolicyIssue {
  const { message, remedy } = POLICY_ISSUES[code];
  const shown = typeof value === 'string' ? ` (${quote(value)})` : '';
  const detail = specifics.detail === undefined ? '' : `: ${specifics.detail}`;
  return Object.freeze({
    code,
    path,
    value,
    message: `${message}${detail}${shown}`,
    remedy: specifics.remedy ?? remedy,
  });
}

/** A value from a configuration or a request, fit to be printed: bounded, and without control characters. */
export function quote(text: string): string {
  const bounded = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  let out = '';
  for (let i = 0; i < bounded.length; i++) {
    const code = bounded.charCodeAt(i);
    out +=
      code < 0x20 || (code >= 0x7f && code <= 0x9f) ? `\\x${code.toString(16).padStart(2, '0')}` : bounded[i];
  }
  return `'${out}'`;
}
