import { type PolicyIssue, policyIssue } from './errors.js';
import {
  FORBIDDEN_METHODS,
  FORBIDDEN_RESPONSE_HEADERS,
  isCorsResponseHeader,
  isForbiddenRequestHeader,
  isToken,
} from './headers.js';
import { readTexts } from './texts.js';

/** How long browsers may keep a preflight's answer unless the owner says otherwise: the most that Chromium keeps. */
export const DEFAULT_MAX_AGE_SECONDS = 7200;
/** The most that any browser keeps (Firefox). */
export const MAX_MAX_AGE_SECONDS = 86_400;

/** Methods that Fetch upper-cases; every other one is sent as the page wrote it. */
const NORMALISED_METHODS: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];

/** Methods in addition, as browsers send them. */
export function readMethods(value: unknown, issues: PolicyIssue[]): readonly string[] {
  const methods: string[] = [];
  for (const { path, text } of readTexts(value, 'methods', issues, { split: true })) {
    const upper = text.toUpperCase();
    if (FORBIDDEN_METHODS.has(upper)) issues.push(policyIssue('method-forbidden', path, text));
    else if (text === '*' || !isToken(text)) issues.push(policyIssue('method-syntax', path, text));
    else methods.push(NORMALISED_METHODS.includes(upper) ? upper : text);
  }
  return methods;
}

/** Request headers in addition; `*` stays as it is. */
export function readAllowedHeaders(
  value: unknown,
  credentials: boolean,
  issues: PolicyIssue[],
): readonly string[] {
  const names: string[] = [];
  for (const { path, text } of readTexts(value, 'allowedHeaders', issues, { split: true })) {
    const lower = text.toLowerCase();
    if (text === '*') {
      if (credentials) issues.push(policyIssue('request-header-any-with-credentials', path, text));
      else names.push(text);
    } else if (!isToken(text)) {
      issues.push(policyIssue('request-header-syntax', path, text));
    } else if (isCorsResponseHeader(lower)) {
      issues.push(policyIssue('request-header-is-cors-response', path, text));
    } else if (isForbiddenRequestHeader(lower)) {
      issues.push(policyIssue('request-header-forbidden', path, text));
    } else {
      names.push(text);
    }
  }
  return names;
}

/** Response headers in addition; `*` stays as it is. */
export function readExposedHeaders(
  value: unknown,
  credentials: boolean,
  issues: PolicyIssue[],
): readonly string[] {
  const names: string[] = [];
  for (const { path, text } of readTexts(value, 'exposedHeaders', issues, { split: true })) {
    if (text === '*' && credentials) {
      issues.push(policyIssue('exposed-header-any-with-credentials', path, text));
    } else if (!isToken(text)) {
      issues.push(policyIssue('exposed-header-syntax', path, text));
    } else if (FORBIDDEN_RESPONSE_HEADERS.has(text.toLowerCase())) {
      issues.push(policyIssue('exposed-header-forbidden', path, text));
    } else {
      names.push(text);
    }
  }
  return names;
}

/** Seconds for which a preflight's answer may be kept. */
export function readMaxAge(value: unknown, issues: PolicyIssue[]): number {
  if (value === undefined) return DEFAULT_MAX_AGE_SECONDS;
  if (typeof value === 'number' && Number.isInteger(value) && value >= -1 && value <= MAX_MAX_AGE_SECONDS) {
    return value;
  }
  issues.push(policyIssue('max-age-out-of-range', 'maxAge', value));
  return DEFAULT_MAX_AGE_SECONDS;
}
