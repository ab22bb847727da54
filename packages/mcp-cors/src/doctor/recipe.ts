import { REVISIONS, unionOfNeeds } from '../policy/revisions.js';
import { shellWord } from './commandLine.js';
import type { Patient } from './patient.js';

/** What mends CORS in a stack that no policy is rendered for, in the words of that stack. */
export interface Recipe {
  /** How the stack is called in a fix. */
  readonly name: string;
  readonly lines: (patient: Pick<Patient, 'pages' | 'host'>) => string;
}

const NEEDS = unionOfNeeds(REVISIONS);
const METHODS = NEEDS.methods;
const REQUEST_HEADERS = NEEDS.requestHeaders;
const RESPONSE_HEADERS = NEEDS.responseHeaders;

/** Longest line of what is to be copied, so that no terminal of 80 columns breaks it. */
const COLUMNS = 72;

/** A list of quoted texts, over as many lines as it needs. @param indent What stands before each of them. */
function quoted(texts: readonly string[], quote: string, indent: string): string {
  const lines: string[] = [];
  for (const text of texts.map((one) => `${quote}${one}${quote}`)) {
    const last = lines.at(-1);
    if (last !== undefined && indent.length + last.length + text.length + 6 < COLUMNS)
      lines[lines.length - 1] = `${last}, ${text}`;
    else lines.push(text);
  }
  return lines.join(`,\n${indent}`);
}

/** What an adapter is given. The public name is needed by all that is not reached on loopback. */
function settings({ pages, host }: Pick<Patient, 'pages' | 'host'>): string {
  const named = host === undefined ? '' : `\n  hosts: ['${host}'],`;
  return `{\n  origins: [${quoted(pages, "'", '            ')}],${named}\n}`;
}

/** Ours where there is an adapter; else what the stack has. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  'mcp-cors': {
    name: 'the policy that is there already',
    lines: ({ pages }) => `// In mcp-cors.yaml, or in what mcpCors() is given:
origins: [${quoted(pages, "'", '  ')}]`,
  },
  'typescript-sdk': {
    name: 'the TypeScript SDK',
    lines: (patient) => `import { createServer } from 'node:http';
import { mcpCors } from 'mcp-cors/node';

// In front of the application: its own check refuses preflights.
const policy = mcpCors(${settings(patient)});
createServer(policy(app)).listen(port);`,
  },
  express: {
    name: 'Express',
    lines: (patient) => `import { mcpCors } from 'mcp-cors/express';

// Before routes and authentication.
app.use(mcpCors(${settings(patient)}));`,
  },
  fastify: {
    name: 'Fastify',
    lines: (patient) => `import { mcpCors } from 'mcp-cors/fastify';

// Before routes.
await app.register(mcpCors(${settings(patient)}));`,
  },
  hono: {
    name: 'Hono',
    lines: (patient) => `import { mcpCors } from 'mcp-cors/hono';

// Before routes.
app.use(mcpCors(${settings(patient)}));`,
  },
  supergateway: {
    name: 'supergateway',
    lines: ({ pages }) => `npx supergateway --cors ${pages.map((origin) => shellWord(origin)).join(' ')} ...
# Whole origins: a regular expression without anchors lets others in.
# Neither checks Host.
# With --outputTransport streamableHttp, --stateful exposes the id.`,
  },
  'mcp-proxy': {
    name: 'mcp-proxy, started from a program since its command line allows every origin',
    lines: ({ pages }) => `import { startHTTPServer } from 'mcp-proxy';

await startHTTPServer({
  ...options,
  cors: {
    origin: [${quoted(pages, "'", '             ')}],
    methods: [${quoted(METHODS, "'", '              ')}],
    allowedHeaders: [${quoted(REQUEST_HEADERS, "'", '                     ')}],
    exposedHeaders: [${quoted(RESPONSE_HEADERS, "'", '                     ')}],
  },
});`,
  },
};
