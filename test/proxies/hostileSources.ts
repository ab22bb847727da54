import fc from 'fast-check';
import { createPolicy, PolicyConfigError, type StaticPolicyConfig } from 'mcp-cors';
import { expect } from 'vitest';

/** What a name may hold that means something in a program: quotation marks, backslashes, signs of comments and formats. */
export const hostileToken = fc
  .array(fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZ"), { minLength: 1, maxLength: 20 })
  .map((characters) => `X-${characters.join('')}`);
export const hostilePath = fc
  .array(
    fc.constantFrom(
      '"',
      "'",
      '\\',
      '\n',
      '"""',
      "'''",
      '#',
      '{',
      '}',
      '%s',
      '\\N{DIGIT ONE}',
      'é',
      '\\u000a',
      '\\u0022+',
      '*/',
      '//',
      '\u2028',
      '\ud800',
      '/',
      'a',
    ),
    {
      maxLength: 12,
    },
  )
  .map((parts) => `/${parts.join('')}`);

const hostilePolicy: fc.Arbitrary<StaticPolicyConfig> = fc.record({
  origins: fc.uniqueArray(
    fc.constantFrom(
      'https://app.example.com',
      'https://*.example.com',
      'http://localhost:*',
      '/^https:\\/\\/[a-z"#\']+\\.example\\.net$/',
      "/^https:\\/\\/a'''\\.example\\.org$/",
    ),
    { minLength: 1 },
  ),
  methods: fc.array(hostileToken, { maxLength: 3 }),
  allowedHeaders: fc.array(hostileToken, { maxLength: 3 }),
  exposedHeaders: fc.array(hostileToken, { maxLength: 3 }),
  endpoints: fc.dictionary(hostilePath, fc.constantFrom('mcp', 'other', 'oauth'), { maxKeys: 4 }),
});

function tryPolicy(config: StaticPolicyConfig): StaticPolicyConfig | undefined {
  try {
    createPolicy(config);
    return config;
  } catch (error) {
    if (error instanceof PolicyConfigError) return undefined;
    throw error;
  }
}

/** Policies in which owners word freely what they can, with signs that mean something in programs. */
export function freePolicies(tries: number): readonly StaticPolicyConfig[] {
  const configs = fc.sample(hostilePolicy, tries).flatMap((config) => tryPolicy(config) ?? []);
  expect(configs.length).toBeGreaterThan(tries / 8);
  return configs;
}
