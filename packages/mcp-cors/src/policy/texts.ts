import { type PolicyIssue, policyIssue } from './errors.js';

/** One text or several. */
export type Texts = string | readonly string[];

/** A text, and where in the configuration it stands. */
export interface PlacedText {
  readonly path: string;
  readonly text: string;
}

/** The texts of a list with their places. A single text may be a comma list where commas separate (`split`). */
export function readTexts(
  value: unknown,
  path: string,
  issues: PolicyIssue[],
  { split = false }: { readonly split?: boolean } = {},
): readonly PlacedText[] {
  if (value === undefined) return [];
  if (typeof value === 'string') {
    const parts = split ? value.split(',').map((part) => part.trim()) : [value];
    return parts.map((text) => ({ path, text }));
  }
  if (!Array.isArray(value)) {
    issues.push(policyIssue('wrong-type', path, value, { detail: 'a text or a list of texts is expected' }));
    return [];
  }
  const entries: PlacedText[] = [];
  for (const [i, text] of value.entries()) {
    const place = `${path}[${i}]`;
    if (typeof text === 'string') entries.push({ path: place, text });
    else issues.push(policyIssue('wrong-type', place, text, { detail: 'a text is expected' }));
  }
  return entries;
}
