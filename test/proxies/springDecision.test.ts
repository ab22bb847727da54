import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { render } from 'mcp-cors/render';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, hasSpring, hostFile, javaCommand, run } from './hosts/spring.js';
import { describeSameDecisions, POLICIES } from './sameDecisions.js';

// As in spring.test.ts.
if (hasSpring()) describe('the rendered Java', defineTests);
else
  test('spring: MCP_CORS_SPRING_JARS names no jars, so that no rendered Java was asked', () =>
    expect(hasSpring()).toBe(false));

function defineTests(): void {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mcp-cors-java-'));
    POLICIES.forEach((policy, i) => {
      const file = `${folder}/source${i}/McpCorsFilter.java`;
      mkdirSync(`${folder}/source${i}`);
      writeFileSync(file, render('spring', policy));
      compile(`${folder}/p${i}`, file);
    });
    compile(`${folder}/host`, hostFile('Ask.java'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describeSameDecisions({
    language: 'Java',
    ask: (questions) =>
      JSON.parse(run(javaCommand(folder, 'host.Ask', folder), JSON.stringify(questions))) as unknown[],
  });
}
