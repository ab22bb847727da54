import { isBelow, isOrigin, type Meaning } from './oracle.js';
import type { Vicinity } from './requests.js';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
const isLoopback = (name: string): boolean => LOOPBACK.includes(name);
const FORMS = ['/register', '/token', '/revoke'];
const isForm = (path: string): boolean => FORMS.includes(path);

const APP = 'https://app.example.com';

/** Policies with what they mean, and with what is near them. */
export const CASES: readonly (Meaning & Vicinity)[] = [
  {
    config: { origins: [APP], credentials: true },
    admitsOrigin: (origin) => origin === APP,
    admitsHost: isLoopback,
    loosePath: isForm,
    origins: [APP],
    hosts: LOOPBACK,
  },
  {
    config: {
      origins: ['https://*.example.com', 'http://localhost:*', 'chrome-extension://*'],
      hosts: ['*.mcp.example.com', 'mcp.example.com', '127.0.0.1', 'm.example:8080'],
      endpoints: { '/other': 'other', '/open/*': 'other' },
      allowedHeaders: ['X-Extra'],
      methods: ['PATCH'],
    },
    admitsOrigin: (origin) =>
      isBelow(origin, 'https', 'example.com') ||
      (isOrigin(origin) && /^http:\/\/localhost(?::[0-9]+)?$/.test(origin)) ||
      (isOrigin(origin) && /^chrome-extension:\/\/[^/]+$/.test(origin)),
    admitsHost: (name) =>
      ['127.0.0.1', 'mcp.example.com', 'm.example'].includes(name) ||
      (name.endsWith('.mcp.example.com') && isOrigin(`http://${name}`)),
    loosePath: (path) =>
      isForm(path) ||
      /^\/other\/?$/.test(path) ||
      (path.startsWith('/open/') &&
        !/[%\\#;]|\/\/|\/\.{1,2}(?:\/|$)/.test(path) &&
        !path.endsWith('/server-card')),
    origins: [
      'https://a.example.com',
      'https://a.b.example.com',
      'http://localhost:5173',
      'http://localhost',
      'chrome-extension://abcdefghij',
    ],
    hosts: ['x.mcp.example.com', 'mcp.example.com', '127.0.0.1'],
  },
  {
    config: {
      origins: [
        '/^https:\\/\\/pr-[0-9]+\\.(?:dev|stage)\\.example\\.net$/',
        'https://xn--bcher-kva.example:8443',
        'http://[::1]:3000',
      ],
      missingOrigin: 'deny',
    },
    admitsOrigin: (origin) =>
      /^https:\/\/pr-\d+\.(dev|stage)\.example\.net$/.test(origin) ||
      origin === 'https://xn--bcher-kva.example:8443' ||
      origin === 'http://[::1]:3000',
    admitsHost: isLoopback,
    loosePath: isForm,
    origins: ['https://pr-12.dev.example.net', 'https://xn--bcher-kva.example:8443', 'http://[::1]:3000'],
    hosts: LOOPBACK,
  },
  {
    config: { origins: '*' },
    admitsOrigin: isOrigin,
    admitsHost: isLoopback,
    loosePath: isForm,
    origins: [APP, 'chrome-extension://abc', 'http://127.0.0.1:81'],
    hosts: LOOPBACK,
  },
  {
    config: {
      origins: ['https://a.com', 'https://b.com'],
      dangerouslyAllowAnyHost: true,
      dangerouslyAllowNullOrigin: true,
    },
    admitsOrigin: (origin) => ['https://a.com', 'https://b.com', 'null'].includes(origin),
    admitsHost: () => true,
    loosePath: isForm,
    origins: ['https://a.com', 'https://b.com', 'https://ab.com', 'null'],
    hosts: ['localhost', 'evil.example'],
  },
  {
    config: { origins: [APP], debug: true, credentials: true, allowedHeaders: ['X-Extra'] },
    admitsOrigin: (origin) => origin === APP,
    admitsHost: isLoopback,
    loosePath: isForm,
    origins: [APP],
    hosts: LOOPBACK,
  },
];
