import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { JsonSchema } from 'mcp-cors/schema';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { GatewayConfigError, type GatewayIssue } from '../errors.js';
import { readGatewayConfig } from './config.js';
import { GATEWAY_SCHEMA } from './schema.js';

const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(GATEWAY_SCHEMA);
const ROOT = new URL('../../../../', import.meta.url);

function issuesOf(config: unknown): readonly GatewayIssue[] {
  try {
    readGatewayConfig(config);
    return [];
  } catch (error) {
    if (!(error instanceof GatewayConfigError)) throw error;
    return error.issues;
  }
}

/** Uses every key once. */
const FULL = {
  listen: '127.0.0.1:0',
  publicUrl: 'https://mcp.example.com',
  tls: { cert: 'cert.pem', key: 'key.pem' },
  trustProxy: 1,
  policy: {
    origins: ['https://app.example.com'],
    hosts: ['localhost'],
    credentials: false,
    methods: ['PUT'],
    allowedHeaders: ['X-A'],
    exposedHeaders: ['X-B'],
    maxAge: 600,
    revisions: ['2025-11-25'],
    endpoints: { '/x': 'mcp' },
    missingOrigin: 'deny',
    reportOnly: false,
    debug: true,
    aliases: ['.svc.cluster.local'],
    sessions: { secret: ['a secret of at least 32 characters'] },
    dangerouslyAllowNullOrigin: false,
    dangerouslyAllowInsecureOrigins: false,
    dangerouslyAllowPublicSuffixes: false,
    dangerouslyAllowAnyHost: false,
  },
  routes: [
    {
      path: '/mcp',
      exact: true,
      upstream: 'http://127.0.0.1:1/mcp',
      policy: { origins: 'https://b.example' },
      completeParams: false,
      present: { origin: 'keep', host: 'localhost:3001', fetchMetadata: 'keep' },
      followRedirects: false,
      oauth: 'rewrite',
      mendLostSessions: false,
      upstreamNames: ['http://internal:3001'],
    },
    { path: '/', upstream: ['http://127.0.0.1:2', 'http://127.0.0.1:3'] },
  ],
  limits: {
    connectTimeoutMs: 1,
    headersTimeoutMs: 0,
    bodyTimeoutMs: 2,
    shutdownTimeoutMs: 3,
    requestHeadTimeoutMs: 4,
    requestBodyTimeoutMs: 5,
    maxHeaderBytes: 6_000,
    maxBodyBytes: 7,
    maxConnections: 8,
    maxStreamsPerClient: 9,
    keepAliveCommentMs: 4,
    rates: {
      preflights: { points: 1, seconds: 1 },
      denied: { points: 2, seconds: 2 },
      requests: { points: 3, seconds: 3 },
      streams: { points: 4, seconds: 4 },
    },
  },
  audit: { file: 'audit.ndjson', which: 'denied', hashKey: '0123456789abcdef' },
  metrics: {
    listen: '127.0.0.1:0',
    token: { file: 'token' },
    hosts: ['metrics.example.com'],
    checkUpstreams: true,
  },
};

type Path = readonly (string | number)[];

/** A copy with another value at a place; undefined removes what stands there. */
function changed(config: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const copy: Record<string | number, unknown> = Array.isArray(config)
    ? ([...config] as never)
    : { ...(config as object) };
  const inner = changed(copy[key], rest, value);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

/** All places of a value. */
function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

/** The objects of the schema, each with where `FULL` has one. */
function objectsOf(schema: JsonSchema, path: Path = []): { path: Path; schema: JsonSchema }[] {
  const { $ref, properties, items, anyOf } = schema as {
    $ref?: string;
    properties?: Record<string, JsonSchema>;
    items?: JsonSchema;
    anyOf?: JsonSchema[];
  };
  if ($ref !== undefined) {
    const name = $ref.replace('#/$defs/', '');
    return objectsOf((GATEWAY_SCHEMA.$defs as Record<string, JsonSchema>)[name] as JsonSchema, path);
  }
  return [
    ...(properties === undefined ? [] : [{ path, schema }]),
    ...Object.entries(properties ?? {}).flatMap(([key, inner]) => objectsOf(inner, [...path, key])),
    ...(items === undefined ? [] : objectsOf(items, [...path, 0])),
    ...(anyOf ?? []).flatMap((inner) => objectsOf(inner, path)),
  ];
}

/** Of a choice among keys, one is present; what an unknown one is told is another matter. */
const isChoice = ({ schema }: { schema: JsonSchema }): boolean => schema.maxProperties === 1;
const OBJECTS = objectsOf(GATEWAY_SCHEMA).filter((object) => !isChoice(object));

describe('the schema and the validation know the same keys', () => {
  test('and every key has its place in the full example', () => {
    expect(issuesOf(FULL)).toEqual([]);
    expect(OBJECTS.map(({ path }) => path.join('.'))).toContain('policy.sessions');
    for (const { path, schema } of OBJECTS) {
      if (path.includes('policy') && path[0] !== 'policy') continue; // the policy of a route is the same
      const present = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], FULL);
      expect(Object.keys(present as object).sort()).toEqual(Object.keys(schema.properties as object).sort());
    }
  });

  test.each(OBJECTS)('at $path', ({ path, schema }) => {
    const probe = changed(FULL, [...path, 'zzzzzzzzzzzz'], 1);
    const unknown = issuesOf(probe).filter(({ code }) => code === 'unknown-key');
    expect(unknown).toHaveLength(1);
    const known = /^Use (?:some of )?(.*?)\.?$/.exec(unknown[0]?.remedy ?? '')?.[1]?.split(', ');
    expect(known?.toSorted()).toEqual(Object.keys(schema.properties as object).sort());
    expect(validate(probe)).toBe(false);
  });

  test.each(
    OBJECTS.flatMap(({ path, schema }) => ((schema.required ?? []) as string[]).map((key) => [...path, key])),
  )('and that one is needed: %s %s %s %s', (...path) => {
    const without = changed(FULL, path, undefined);
    expect(issuesOf(without)).not.toEqual([]);
    expect(validate(without)).toBe(false);
  });
});

describe('what the validation accepts, the schema accepts', () => {
  const inTheOpen = { policy: { origins: ['*'] }, routes: [{ path: '/', upstream: 'http://a' }] };

  test.each([FULL, inTheOpen, { ...inTheOpen, policy: { origins: '/^https:\\/\\/a\\.example$/' } }])(
    'example %#',
    (config) => {
      expect(issuesOf(config)).toEqual([]);
      expect(validate(config), JSON.stringify(validate.errors)).toBe(true);
    },
  );

  test('every policy of the vectors', () => {
    const folder = new URL('test/vectors/', ROOT);
    let count = 0;
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const { policies } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      for (const [name, policy] of Object.entries(policies)) {
        const config = { ...inTheOpen, policy };
        expect(issuesOf(config), `${file} ${name}`).toEqual([]);
        expect(validate(config), `${file} ${name} ${JSON.stringify(validate.errors)}`).toBe(true);
        count++;
      }
    }
    expect(count).toBeGreaterThan(50);
  });

  test('every configuration in the documentation', () => {
    const docs = new URL('docs/', ROOT);
    const blocks = readdirSync(docs)
      .filter((name) => name.endsWith('.md'))
      .flatMap((name) => [...readFileSync(new URL(name, docs), 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)])
      .map(([, text]) => parse(text as string))
      .filter((config) => config?.routes !== undefined);
    expect(blocks.length).toBeGreaterThan(0);
    for (const config of blocks) expect(validate(config), JSON.stringify(validate.errors)).toBe(true);
  });

  const anyValue = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      false,
      0,
      -1,
      1.5,
      86_401,
      2 ** 31,
      '',
      'x',
      '/',
      '*',
      [],
      {},
      [[]],
      [''],
      [null],
    ),
    fc.constantFrom<unknown>(
      'https://a.example',
      '/mcp',
      'http://a',
      'http://a/?q',
      '127.0.0.1:1',
      'mcp',
      'allow',
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const places = fc.constantFrom(...placesIn(FULL));

  it('whatever stands in place of whatever', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(places, anyValue), { minLength: 1, maxLength: 2 }), (changes) => {
        const config = changes.reduce<unknown>(
          (before, [path, value]) => tryChange(before, path, value),
          FULL,
        );
        if (issuesOf(config).length > 0) return;
        accepted++;
        expect(validate(config), JSON.stringify([config, validate.errors])).toBe(true);
      }),
      { numRuns: 1_500 },
    );
    expect(accepted).toBeGreaterThan(10);
  }, 60_000);

  /** Where the first change has taken away what the second is about, there is nothing to change. */
  function tryChange(config: unknown, path: Path, value: unknown): unknown {
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((at, key) => (at as Record<string | number, unknown> | null)?.[key], config);
    return typeof parent === 'object' && parent !== null ? changed(config, path, value) : config;
  }
});

describe('values of a wrong type are refused by both', () => {
  const KINDS: Readonly<Record<string, unknown>> = {
    null: null,
    boolean: true,
    integer: 7,
    fraction: 1.5,
    string: 'text',
    list: [],
    'list of numbers': [1],
    object: {},
  };
  const cases = placesIn(FULL).flatMap((path) =>
    Object.entries(KINDS).map(([kind, value]) => ({ place: path.join('.'), kind, path, value })),
  );

  test('wherever the schema refuses the type', () => {
    let refused = 0;
    for (const { place, kind, path, value } of cases) {
      const config = changed(FULL, path, value);
      if (validate(config)) continue;
      refused++;
      expect(issuesOf(config), `${place} as ${kind}`).not.toEqual([]);
    }
    expect(refused).toBeGreaterThan(200);
  });

  test('and numbers and flags as texts', () => {
    for (const path of placesIn(FULL)) {
      const value = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], FULL);
      if (typeof value !== 'number' && typeof value !== 'boolean') continue;
      const config = changed(FULL, path, String(value));
      expect([validate(config), issuesOf(config).length], path.join('.')).toEqual([false, 1]);
      // In a file, a reference may stand there.
      expect(validate(changed(FULL, path, '${NAME:-1}')), path.join('.')).toBe(true);
    }
  });
});

it('says of every key what it is', () => {
  for (const { path, schema } of OBJECTS) {
    for (const [key, value] of Object.entries(schema.properties as Record<string, JsonSchema>)) {
      if (value.$ref === undefined) expect(value.description, [...path, key].join('.')).toMatch(/\.$/);
    }
  }
});
