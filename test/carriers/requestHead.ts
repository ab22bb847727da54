import type { RequestHead } from 'mcp-cors';
import type { VectorRequest } from './vectors.js';

/** The head that an HTTP parser would hand over: values without white space around them, repeated lines combined. */
export function headOf({ method, target, scheme, headers }: VectorRequest): RequestHead {
  const values = (wanted: string): string | undefined => {
    const lines = headers.filter(([name]) => name.toLowerCase() === wanted);
    if (lines.length === 0) return undefined;
    return lines.map(([, value]) => withoutOuterSpace(value)).join(', ');
  };
  return {
    method,
    path: target.replace(/\?.*$/s, ''),
    scheme,
    host: values('host'),
    origin: values('origin'),
    requestMethod: values('access-control-request-method'),
    requestHeaders: values('access-control-request-headers'),
    contentType: values('content-type'),
    sessionId: values('mcp-session-id'),
    fetchSite: values('sec-fetch-site'),
    fetchDest: values('sec-fetch-dest'),
  };
}

/** A value without spaces and tabs around it. Long values are common here, so no expression that tries every run. */
export function withoutOuterSpace(value: string): string {
  const isSpace = (i: number): boolean => value[i] === ' ' || value[i] === '\t';
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return value.slice(start, end);
}
