import { nearestName } from 'mcp-cors';
import type { GatewayIssue } from '../errors.js';

/** Reports the keys of an object that are not known there, each with the nearest one that is. */
export function checkKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  prefix: string,
  issues: GatewayIssue[],
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = nearestName(key, known);
    const remedy = near === undefined ? `Use some of ${known.join(', ')}` : `Did you mean ${near}?`;
    issues.push(issue('unknown-key', `${prefix}${key}`, 'this key is not known here', remedy));
  }
}

/** A value from the configuration, fit to be printed: bounded, whatever YAML made of it. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Whether a value is an object with keys. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Makes an issue. */
export function issue(code: string, path: string, message: string, remedy: string): GatewayIssue {
  return Object.freeze({ code, path, message, remedy });
}
