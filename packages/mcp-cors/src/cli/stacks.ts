/** How one way of serving MCP in JavaScript takes mcp-cors. */
export interface Stack {
  readonly name: string;
  /** Packages, any of which says that a project may use it. */
  readonly packages: readonly string[];
  /** Finds the line where the application is made; its first group is the application's name, where it has one. */
  readonly place: RegExp;
  /** Lines for the top of the file. */
  readonly imports: readonly string[];
  readonly steps: readonly StackStep[];
  readonly note?: string;
}

/** A change to a source file. `APP`, `ORIGINS` and `HOSTNAMES` stand for the application's name and the pages' origins. */
export interface StackStep {
  /** Which line it is about: where the application is made, or the first that matches. */
  readonly at: 'place' | RegExp;
  /** A line to write behind it. */
  readonly after?: string;
  /** What to put in place of a part of it: the first of these that is found there. `PART` stands for its group. */
  readonly edits?: readonly (readonly [part: RegExp, text: string])[];
  /** What to write when the line is not found, or has no such part. */
  readonly otherwise: string;
}

const use: StackStep = {
  at: 'place',
  after: 'APP.use(mcpCors({ origins: ORIGINS }));',
  otherwise: 'APP.use(mcpCors({ origins: ORIGINS }));',
};

/** Tells an application of the SDK, which checks origins itself, of the same pages. */
function allowOrigins(factory: string): StackStep {
  return {
    at: 'place',
    edits: [
      [new RegExp(`\\b${factory}\\(\\s*\\)`), `${factory}({ allowedOrigins: HOSTNAMES })`],
      [new RegExp(`\\b${factory}\\(\\{`), `${factory}({ allowedOrigins: HOSTNAMES,`],
    ],
    otherwise: `${factory}({ allowedOrigins: HOSTNAMES })`,
  };
}

/** The stacks, those that stand in front of others first: an application of the SDK is also one of its framework. */
export const STACKS: readonly Stack[] = [
  {
    name: "the MCP SDK's Express application",
    packages: ['@modelcontextprotocol/express', '@modelcontextprotocol/sdk'],
    place: /\b(?:const|let|var)\s+(\w+)\s*=\s*createMcpExpressApp\(/,
    imports: ["import { createServer } from 'node:http';", "import { mcpCors } from 'mcp-cors/node';"],
    steps: [
      allowOrigins('createMcpExpressApp'),
      {
        at: /\bAPP\.listen\(/,
        edits: [[/\bAPP\.listen\(/, 'createServer(mcpCors({ origins: ORIGINS })(APP)).listen(']],
        otherwise: 'createServer(mcpCors({ origins: ORIGINS })(APP)).listen(port);',
      },
    ],
    note: 'createMcpExpressApp checks Origin itself, before any middleware that you add: the policy has to stand in front of the application, and the application has to be told of the same pages.',
  },
  {
    name: "the MCP SDK's Fastify application",
    packages: ['@modelcontextprotocol/fastify'],
    place: /\b(?:const|let|var)\s+(\w+)\s*=\s*createMcpFastifyApp\(/,
    imports: ["import { createServer } from 'node:http';", "import { mcpCors } from 'mcp-cors/node';"],
    steps: [
      allowOrigins('createMcpFastifyApp'),
      {
        at: /\bAPP\.listen\(/,
        otherwise: [
          'await APP.ready();',
          'createServer(mcpCors({ origins: ORIGINS })((request, response) => APP.routing(request, response))).listen(port);',
        ].join('\n'),
      },
    ],
    note: 'createMcpFastifyApp checks Origin in a hook of its own, before any that you add: the policy has to stand in front of the application, and the application has to be told of the same pages.',
  },
  {
    name: "the MCP SDK's Hono application",
    packages: ['@modelcontextprotocol/hono'],
    place: /\b(?:const|let|var)\s+(\w+)\s*=\s*createMcpHonoApp\(/,
    imports: ["import { mcpCors } from 'mcp-cors/fetch';"],
    steps: [
      allowOrigins('createMcpHonoApp'),
      {
        at: /\bAPP\.fetch\b/,
        edits: [[/\bAPP\.fetch\b/, 'mcpCors({ origins: ORIGINS })(APP.fetch)']],
        otherwise: 'mcpCors({ origins: ORIGINS })(APP.fetch)',
      },
    ],
    note: 'createMcpHonoApp checks Origin itself, before any middleware that you add: the policy has to stand in front of the application, and the application has to be told of the same pages.',
  },
  {
    name: 'Express',
    packages: ['express'],
    place: /\b(?:const|let|var)\s+(\w+)(?:\s*:[^=]+)?\s*=\s*express\(\)/,
    imports: ["import { mcpCors } from 'mcp-cors/express';"],
    steps: [use],
  },
  {
    name: 'Fastify',
    packages: ['fastify'],
    place: /\b(?:const|let|var)\s+(\w+)(?:\s*:[^=]+)?\s*=\s*(?:await\s+)?[Ff]astify\(/,
    imports: ["import { mcpCors } from 'mcp-cors/fastify';"],
    steps: [
      {
        at: 'place',
        after: 'await APP.register(mcpCors({ origins: ORIGINS }));',
        otherwise: 'await APP.register(mcpCors({ origins: ORIGINS }));',
      },
    ],
  },
  {
    name: 'Hono',
    packages: ['hono'],
    place: /\b(?:const|let|var)\s+(\w+)(?:\s*:[^=]+)?\s*=\s*new\s+Hono\b/,
    imports: ["import { mcpCors } from 'mcp-cors/hono';"],
    steps: [use],
  },
  {
    name: 'Koa',
    packages: ['koa'],
    place: /\b(?:const|let|var)\s+(\w+)(?:\s*:[^=]+)?\s*=\s*new\s+Koa\b/,
    imports: ["import { mcpCors } from 'mcp-cors/koa';"],
    steps: [use],
  },
  {
    name: 'Next.js route handlers',
    packages: ['next'],
    place: /^export\s+(?:const|(?:async\s+)?function)\s+(?:GET|POST|DELETE)\b|^export\s*\{.*\bas\s+POST\b/,
    imports: ["import { mcpCors } from 'mcp-cors/fetch';"],
    steps: [
      {
        at: 'place',
        otherwise: [
          "const served = mcpCors({ origins: ORIGINS, hosts: ['localhost', 'your-host.example.com'] })(handler);",
          'export { served as GET, served as POST, served as DELETE, served as OPTIONS };',
        ].join('\n'),
      },
    ],
    note: 'handler is the function that answers now. OPTIONS has to be exported too: Next.js answers preflights itself otherwise.',
  },
  {
    name: 'a Cloudflare Worker',
    packages: ['wrangler', '@cloudflare/workers-types', 'agents'],
    place: /^export\s+default\s*\{/,
    imports: ["import { mcpCors } from 'mcp-cors/fetch';"],
    steps: [
      {
        at: 'place',
        otherwise:
          "export default { fetch: mcpCors({ origins: ORIGINS, hosts: ['your-worker.workers.dev'] })(handler) };",
      },
    ],
    note: 'handler is the fetch function that answers now.',
  },
  {
    name: 'node:http',
    packages: ['@modelcontextprotocol/node', '@modelcontextprotocol/server', '@modelcontextprotocol/sdk'],
    place: /\b(?:http\.)?createServer\(/,
    imports: ["import { mcpCors } from 'mcp-cors/node';"],
    steps: [
      {
        at: 'place',
        edits: [
          [/\bcreateServer\((\w.*)\)\.listen\(/, 'createServer(mcpCors({ origins: ORIGINS })(PART)).listen('],
          [/\bcreateServer\((\w[\w.]*)\)/, 'createServer(mcpCors({ origins: ORIGINS })(PART))'],
        ],
        otherwise: 'createServer(mcpCors({ origins: ORIGINS })(listener))',
      },
    ],
    note: 'listener is the function that createServer is given now.',
  },
];

/** Lines that answer for CORS already. The policy replaces what they set, so they only mislead. */
export const OTHER_CORS: RegExp =
  /\.(?:use|register)\(\s*(?:['"`][^'"`]*['"`]\s*,\s*)?(?:\w*[cC]ors)\b\(?|setHeader\(\s*['"`]access-control-/i;

/** Calls of the SDK's own origin check, which refuses the pages that the policy admits until it is told of them. */
export const OWN_CHECKS: readonly (readonly [part: RegExp, text: string])[] = [
  [/\blocalhostAllowedOrigins\(\)/, '[...localhostAllowedOrigins(), HOSTS]'],
  [/\blocalhostOriginValidation\(\)/, "originValidation(['localhost', '127.0.0.1', '[::1]', HOSTS])"],
];

/** Packages that say that a project is about MCP. */
export const SDK_PACKAGES: readonly string[] = [
  '@modelcontextprotocol/server',
  '@modelcontextprotocol/sdk',
  '@modelcontextprotocol/node',
  '@modelcontextprotocol/express',
  '@modelcontextprotocol/fastify',
  '@modelcontextprotocol/hono',
  'mcp-handler',
  'fastmcp',
  'agents',
];
