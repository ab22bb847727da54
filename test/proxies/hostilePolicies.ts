import fc from 'fast-check';
import { createPolicy, PolicyConfigError, type StaticPolicyConfig } from 'mcp-cors';
import { expect } from 'vitest';

/** What a name may hold that means something in a language: quotation marks, signs of comments and formats. */
export const hostileToken = fc
  .array(fc.constantFrom(..."!#$%&'*+-.^_`|~09azAZ"), { minLength: 1, maxLength: 20 })
  .map((characters) => `X-${characters.join('')}`);
/** The same for a path, which may hold backslashes, ends of lines and what is no text at all. */
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
      '\\u000a',
      '\\u0022+',
      '*/',
      '//',
      '`',
      '${x}',
      '</script>',
      '\\N{DIGIT ONE}',
      'é',
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

/** Configurations whose values try to break out. Not all of them are policies. */
const hostileConfig: fc.Arbitrary<StaticPolicyConfig> = fc.record({
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

/** Hostile policies, an eighth at least of as many configurations as are tried. */
export function hostilePolicies(count: number): readonly StaticPolicyConfig[] {
  const policies = fc.sample(hostileConfig, count).flatMap((config) => tryPolicy(config) ?? []);
  expect(policies.length).toBeGreaterThan(count / 8);
  return policies;
}
