import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../../packages/mcp-cors/src/doctor/reports/index.js';
import { anyReport } from './anyReport.js';

/** What SARIF 2.1.0 demands of a log, for the properties that are used here; others are mistakes. */
const text = {
  type: 'object',
  required: ['text'],
  additionalProperties: false,
  properties: { text: { type: 'string', minLength: 1 } },
};
const level = { enum: ['none', 'note', 'warning', 'error'] };
const closed = (required: readonly string[], properties: object): object => ({
  type: 'object',
  required,
  additionalProperties: false,
  properties,
});

const LOG = closed(['$schema', 'version', 'runs'], {
  // Section 3.13.3
  $schema: { type: 'string', format: 'uri' },
  // Section 3.13.2
  version: { const: '2.1.0' },
  runs: {
    type: 'array',
    items: closed(['tool', 'results'], {
      tool: closed(['driver'], {
        // Section 3.19
        driver: closed(['name'], {
          name: { type: 'string', minLength: 1 },
          rules: {
            type: 'array',
            // Section 3.19.23: no two are the same.
            uniqueItems: true,
            items: closed(['id'], {
              id: { type: 'string', pattern: '^[a-z0-9-]+$' },
              shortDescription: text,
              fullDescription: text,
              defaultConfiguration: closed([], { level }),
              // Section 3.8: a property bag takes anything; its tags are texts, none twice.
              properties: {
                type: 'object',
                properties: { tags: { type: 'array', uniqueItems: true, items: { type: 'string' } } },
              },
            }),
          },
        }),
      }),
      // Section 3.17
      automationDetails: closed([], { id: { type: 'string' } }),
      columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
      results: {
        type: 'array',
        items: closed(['message'], {
          ruleId: { type: 'string' },
          ruleIndex: { type: 'integer', minimum: -1 },
          level,
          message: text,
          locations: {
            type: 'array',
            items: closed([], {
              physicalLocation: closed(['artifactLocation'], {
                artifactLocation: closed([], { uri: { type: 'string', format: 'uri-reference' } }),
              }),
            }),
          },
          // Section 3.27.17: texts by texts.
          partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
        }),
      },
    }),
  },
});

const ajv = new Ajv({ strict: true, allErrors: true });
addFormats.default(ajv);
const isLog = ajv.compile(LOG);

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
  }[];
}

describe('any report as SARIF', () => {
  it('is a log as the standard has it, whatever a server put into it', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const log: unknown = JSON.parse(renderReport('sarif', report));
        expect(isLog(log), JSON.stringify(isLog.errors)).toBe(true);
      }),
    );
  });

  it('names in each result the rule that its index leads to, and tells results apart', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const [run] = (JSON.parse(renderReport('sarif', report)) as Log).runs;
        const { rules = [] } = run?.tool.driver ?? {};
        expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
        for (const { ruleId, ruleIndex } of run?.results ?? []) expect(rules[ruleIndex]?.id).toBe(ruleId);
      }),
    );
  });
});

it('the constraints refuse what is no such log', () => {
  const right = JSON.parse(
    renderReport('sarif', {
      target: 'https://mcp.example.com/mcp',
      origins: [],
      stacks: [],
      journeys: [],
      findings: [],
      renderings: [],
      requests: 1,
      durationMs: 1,
    }),
  ) as { runs: [Record<string, unknown>] };
  expect(isLog(right)).toBe(true);
  for (const wrong of [
    { ...right, version: '2.0.0' },
    { ...right, runs: [{ ...right.runs[0], tool: {} }] },
    { ...right, runs: [{ ...right.runs[0], results: [{ level: 'info', message: { text: 'x' } }] }] },
    { ...right, runs: [{ ...right.runs[0], results: [{ ruleId: 'x' }] }] },
    { ...right, more: true },
  ]) {
    expect(isLog(wrong)).toBe(false);
  }
});
