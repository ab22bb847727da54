import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolder, run } from './command.js';

const MANIFEST = 'package.json';
const dependencies = (...names: readonly string[]): string =>
  JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, '^1.0.0'])) });

/** A project with these files, folders made as needed. */
function createProject(files: Readonly<Record<string, string>>): string {
  const folder = createFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

interface Step {
  readonly action: string;
  readonly where: string;
  readonly present?: string;
  readonly text?: string;
}

async function advise(files: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const { code, out, err } = await run(['init', '--format', 'json', ...args], createProject(files));
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as {
    readonly stack: string;
    readonly note?: string;
    readonly steps: readonly Step[];
  };
}

const POLICY = "mcpCors({ origins: ['https://app.example.com'] })";

/** A server, the file that it is in, and the lines that it must get. */
const SERVERS: readonly (readonly [
  stack: string,
  packages: readonly string[],
  file: string,
  source: string,
  steps: readonly string[],
])[] = [
  [
    'Express',
    ['express', '@modelcontextprotocol/sdk'],
    'src/server.ts',
    'import express from "express";\nconst app: Express = express();\napp.listen(3000);\n',
    ["import { mcpCors } from 'mcp-cors/express';", `app.use(${POLICY});`],
  ],
  [
    'Fastify',
    ['fastify'],
    'index.js',
    "import Fastify from 'fastify';\nconst server = Fastify({ logger: true });\n",
    ["import { mcpCors } from 'mcp-cors/fastify';", `await server.register(${POLICY});`],
  ],
  [
    'Hono',
    ['hono'],
    'src/index.tsx',
    'const api = new Hono<{ Bindings: Env }>();\n',
    ["import { mcpCors } from 'mcp-cors/hono';", `api.use(${POLICY});`],
  ],
  [
    'Koa',
    ['koa'],
    'app.mjs',
    'const koa = new Koa();\n',
    ["import { mcpCors } from 'mcp-cors/koa';", `koa.use(${POLICY});`],
  ],
  [
    "the MCP SDK's Express application",
    ['express', '@modelcontextprotocol/express'],
    'server.ts',
    '// `createMcpExpressApp()` checks hosts\nconst app = createMcpExpressApp();\napp.listen(port, () => {\n});\n',
    [
      "import { createServer } from 'node:http';\nimport { mcpCors } from 'mcp-cors/node';",
      "const app = createMcpExpressApp({ allowedOrigins: ['app.example.com'] });",
      `createServer(${POLICY}(app)).listen(port, () => {`,
    ],
  ],
  [
    "the MCP SDK's Hono application",
    ['hono', '@modelcontextprotocol/hono'],
    'server.ts',
    "    const web = createMcpHonoApp({ host: '::1' });\n    serve({ fetch: web.fetch, port }, () => {\n",
    [
      "import { mcpCors } from 'mcp-cors/fetch';",
      "const web = createMcpHonoApp({ allowedOrigins: ['app.example.com'], host: '::1' });",
      `serve({ fetch: ${POLICY}(web.fetch), port }, () => {`,
    ],
  ],
  [
    "the MCP SDK's Fastify application",
    ['fastify', '@modelcontextprotocol/fastify'],
    'server.ts',
    'const app = createMcpFastifyApp();\nawait app.listen({ port });\n',
    [
      "import { createServer } from 'node:http';\nimport { mcpCors } from 'mcp-cors/node';",
      "const app = createMcpFastifyApp({ allowedOrigins: ['app.example.com'] });",
      `await app.ready();\ncreateServer(${POLICY}((request, response) => app.routing(request, response))).listen(port);`,
    ],
  ],
  [
    'node:http',
    ['@modelcontextprotocol/server'],
    'server.ts',
    'createServer(toNodeHandler({ fetch: handle })).listen(port, () => {\n',
    [
      "import { mcpCors } from 'mcp-cors/node';",
      `createServer(${POLICY}(toNodeHandler({ fetch: handle }))).listen(port, () => {`,
    ],
  ],
  [
    'node:http',
    ['@modelcontextprotocol/sdk'],
    'server.js',
    'const server = http.createServer(app.callback);\n',
    [
      "import { mcpCors } from 'mcp-cors/node';",
      `const server = http.createServer(${POLICY}(app.callback));`,
    ],
  ],
  [
    'Next.js route handlers',
    ['next', 'mcp-handler'],
    'app/api/[transport]/route.ts',
    'export { handler as GET, handler as POST };\n',
    [
      "import { mcpCors } from 'mcp-cors/fetch';",
      "const served = mcpCors({ origins: ['https://app.example.com'], hosts: ['localhost', 'your-host.example.com'] })(handler);\nexport { served as GET, served as POST, served as DELETE, served as OPTIONS };",
    ],
  ],
  [
    'a Cloudflare Worker',
    ['wrangler', 'agents'],
    'src/index.ts',
    'export default {\n  fetch(request, env, ctx) {\n',
    [
      "import { mcpCors } from 'mcp-cors/fetch';",
      "export default { fetch: mcpCors({ origins: ['https://app.example.com'], hosts: ['your-worker.workers.dev'] })(handler) };",
    ],
  ],
];

describe('init', () => {
  it.each(SERVERS)('%s with %j', async (stack, packages, file, source, texts) => {
    const advice = await advise({ [MANIFEST]: dependencies(...packages), [file]: source });
    expect(advice.stack).toBe(stack);
    const [install, ...steps] = advice.steps;
    expect(install).toMatchObject({ action: 'install', text: 'npm install mcp-cors' });
    expect(steps.map(({ text }) => text)).toEqual(texts);
    for (const { where } of steps) expect(where).toContain(file);
  });

  it('names the line after which the middleware goes, and what stands there', async () => {
    const source = "import express from 'express';\n\n  const app = express();\n";
    const { steps } = await advise({ [MANIFEST]: dependencies('express'), 'lib/a.js': source });
    expect(steps.at(-1)).toEqual({
      action: 'add',
      where: 'after lib/a.js:3',
      present: 'const app = express();',
      text: `app.use(${POLICY});`,
    });
  });

  it('takes the origins of the pages, and hosts of theirs that the SDK can be told', async () => {
    const origins = [
      'https://a.example.com',
      'http://localhost:*',
      'https://*.example.org',
      'https://a.example.com:8443',
    ];
    const { steps } = await advise(
      {
        [MANIFEST]: dependencies('@modelcontextprotocol/express'),
        'a.ts': 'const app = createMcpExpressApp();\n',
      },
      origins.flatMap((origin) => ['--origin', origin]),
    );
    const texts = steps.map(({ text }) => text).join('\n');
    expect(texts).toContain("allowedOrigins: ['a.example.com', 'localhost'] }");
    expect(texts).toContain(`origins: ['${origins.join("', '")}'] }`);
  });

  it.each([
    'app.use(cors());',
    "app.use('/mcp', cors({ origin: '*' }));",
    "response.setHeader('Access-Control-Allow-Origin', '*')",
  ])('wants other CORS code away: %s', async (line) => {
    const source = `const app = express();\napp.use(record());\n${line}\n`;
    const { steps } = await advise({ [MANIFEST]: dependencies('express', 'cors'), 'a.js': source });
    expect(steps.filter(({ action }) => action === 'remove')).toEqual([
      { action: 'remove', where: 'a.js:3', present: line },
    ]);
  });

  it.each([
    [
      'const no = originValidationResponse(request, localhostAllowedOrigins());',
      "const no = originValidationResponse(request, [...localhostAllowedOrigins(), 'app.example.com']);",
    ],
    [
      'app.use(localhostOriginValidation());',
      "app.use(originValidation(['localhost', '127.0.0.1', '[::1]', 'app.example.com']));",
    ],
  ])("tells the SDK's own check of the pages: %s", async (present, text) => {
    const source = `const app = express();\n  ${present}\n`;
    const { steps } = await advise({ [MANIFEST]: dependencies('express'), 'a.js': source });
    expect(steps.at(-1)).toEqual({ action: 'replace', where: 'a.js:2', present, text });
  });

  it('looks at sources alone: not at packages, builds, tests and declarations', async () => {
    const decoy = 'const decoy = express();\n';
    const { steps } = await advise({
      [MANIFEST]: dependencies('express'),
      'node_modules/a/index.js': decoy,
      'dist/a.js': decoy,
      '.cache/a.js': decoy,
      'a.test.ts': decoy,
      'a.d.ts': decoy,
      'a.txt': decoy,
    });
    expect(steps.map(({ where }) => where)).toEqual([
      'the project',
      'to the file that makes the server, with its imports',
      'where the server is made, before anything that answers',
    ]);
    expect(steps.at(-1)?.text).toBe(`app.use(${POLICY});`);
  });

  it.each([
    ['pnpm-lock.yaml', 'pnpm add mcp-cors'],
    ['yarn.lock', 'yarn add mcp-cors'],
    ['bun.lock', 'bun add mcp-cors'],
    ['package-lock.json', 'npm install mcp-cors'],
  ])('with %s it is: %s', async (lockFile, command) => {
    const { steps } = await advise({ [MANIFEST]: dependencies('koa'), [lockFile]: '' });
    expect(steps[0]?.text).toBe(command);
  });

  it('prints for people: what was found, each step with its place, and why', async () => {
    const folder = createProject({
      'sub/package.json': dependencies('@modelcontextprotocol/hono'),
      'sub/server.ts': 'const app = createMcpHonoApp();\nserve({ fetch: app.fetch });\n',
    });
    const { code, out, err } = await run(['init', 'sub/package.json'], folder);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(`found  the MCP SDK's Hono application (@modelcontextprotocol/hono ^1.0.0)

1. install
   $ npm install mcp-cors

2. add to server.ts, with its imports
   + import { mcpCors } from 'mcp-cors/fetch';

3. replace at server.ts:1
   - const app = createMcpHonoApp();
   + const app = createMcpHonoApp({ allowedOrigins: ['app.example.com'] });

4. replace at server.ts:2
   - serve({ fetch: app.fetch });
   + serve({ fetch: ${POLICY}(app.fetch) });

why   createMcpHonoApp checks Origin itself, before any middleware that you add: the policy has to stand in front of the application, and the application has to be told of the same pages.
then  Put the origins of your pages in place of https://app.example.com.
`);
  });

  it.each([
    [{}, 2, 'there is no package.json', 'mcp-cors gateway'],
    [{ [MANIFEST]: '{' }, 2, 'package.json is not JSON', 'Correct the file'],
    [{ [MANIFEST]: '{}' }, 1, 'no server framework is known here', 'mcp-cors gateway --upstream'],
    [{ [MANIFEST]: 'null' }, 1, 'no server framework is known here', 'mcp-cors gateway --upstream'],
    [{ [MANIFEST]: '{"dependencies":{"express":1}}' }, 1, 'no server framework', 'gateway'],
  ])('says what is wrong with %j', async (files, code, error, hint) => {
    const ending = await run(['init'], createProject(files));
    expect([ending.code, ending.out]).toEqual([code, '']);
    expect(ending.err).toMatch(new RegExp(`^error: .*${error}.*\nhint: .*${hint}.*\n$`));
  });

  it('refuses an origin that no policy takes', async () => {
    const { code, err } = await run(['init', '--origin', 'https://app.example.com/'], createProject({}));
    expect(code).toBe(2);
    expect(err).toMatch(/^error: --origin: an origin has no path/);
  });
});
