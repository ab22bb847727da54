import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { eventually } from './client.js';

/** What a line of an audit says. */
export type AuditLine = Readonly<Record<string, unknown>>;

/** The lines of an audit so far, each a JSON object of its own. */
export function readAuditLines(file: string): AuditLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Waits for so many lines, and gives them. */
export function auditLines(file: string, count: number): Promise<AuditLine[]> {
  return eventually(() => {
    const lines = readAuditLines(file);
    expect(lines).toHaveLength(count);
    return lines;
  });
}
