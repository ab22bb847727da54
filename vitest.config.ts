import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`packages/${path}`, import.meta.url));

// Unit tests and vectors run on the sources; browser and command line tests run on what the build made.
const onSources = {
  alias: [
    { find: /^mcp-cors$/, replacement: source('mcp-cors/src/policy/index.ts') },
    { find: /^mcp-cors\/browser$/, replacement: source('mcp-cors/src/browser/index.ts') },
    { find: /^mcp-cors\/render$/, replacement: source('mcp-cors/src/render/index.ts') },
    { find: /^mcp-cors\/schema$/, replacement: source('mcp-cors/src/policy/schema.ts') },
    { find: /^mcp-cors\/carrier$/, replacement: source('mcp-cors/src/carrier/index.ts') },
    {
      find: /^mcp-cors\/(node|express|fastify|hono|koa|fetch)$/,
      replacement: source('mcp-cors/src/adapters/$1.ts'),
    },
    { find: /^@mcp-cors\/gateway$/, replacement: source('gateway/src/index.ts') },
  ],
};

export default defineConfig({
  test: {
    passWithNoTests: false,
    allowOnly: false,
    coverage: {
      provider: 'v8',
      include: [
        'packages/mcp-cors/src/policy/**',
        'packages/mcp-cors/src/session/**',
        'packages/mcp-cors/src/carrier/**',
        'packages/mcp-cors/src/adapters/**',
        'packages/mcp-cors/src/browser/**',
        'packages/mcp-cors/src/render/**',
        'packages/mcp-cors/src/import/**',
        'packages/gateway/src/**',
      ],
      exclude: ['**/*.test.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: [
      {
        resolve: onSources,
        // Time for a machine that is busy; what is waited for usually comes at once.
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        resolve: onSources,
        test: { name: 'carriers', include: ['test/carriers/**/*.test.ts'], testTimeout: 20_000 },
      },
      {
        resolve: onSources,
        test: {
          name: 'doctor',
          include: ['test/doctor/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve: onSources,
        test: {
          name: 'proxies',
          include: ['test/proxies/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        resolve: onSources,
        test: {
          name: 'gateway',
          include: ['test/gateway/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { resolve: onSources, test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'] } },
      {
        test: {
          name: 'command',
          include: ['test/{cli,packages,sessions}/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
