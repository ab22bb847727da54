import { element } from './element.js';
import type { Row } from './rows.js';

const TELLING =
  /^(access-control-|mcp-|origin$|vary$|allow$|www-authenticate$|content-type$|cache-control$|x-accel-)/;

/** Response headers that a page reads only if Access-Control-Expose-Headers says so. */
const EXPOSABLE = /^(mcp-|www-authenticate$)/;

/** The headers of a row that matter to CORS and MCP, request and response side by side. */
export function createHeaderLists(row: Row): HTMLElement {
  const response: [string, string][] = tellingHeaders(row.responseHeaders);
  const lacksOrigin =
    row.recorded && row.state === 'blocked' && !('access-control-allow-origin' in row.responseHeaders);
  return element(
    'div',
    { class: 'headers' },
    createList('Request', tellingHeaders(row.requestHeaders)),
    createList(row.recorded ? 'Response' : 'Response, as the page could read it', response, {
      lacksOrigin,
      readable: row.readable,
    }),
  );
}

function tellingHeaders(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers)
    .filter(([name]) => TELLING.test(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

interface ListNotes {
  readonly lacksOrigin?: boolean;
  readonly readable?: Readonly<Record<string, string>>;
}

function createList(title: string, headers: readonly [string, string][], notes: ListNotes = {}): HTMLElement {
  const list = element('dl');
  if (notes.lacksOrigin) {
    list.append(
      element('dt', { class: 'missing' }, 'access-control-allow-origin'),
      element('dd', { class: 'missing' }, 'missing'),
    );
  }
  for (const [name, value] of headers) {
    const isGrant = name.startsWith('access-control-allow') || name.startsWith('access-control-expose');
    const description = element('dd', isGrant ? { class: 'grant' } : {}, value.replaceAll(/,\s*/g, ', '));
    if (EXPOSABLE.test(name) && notes.readable && name in notes.readable) {
      description.append(element('span', { class: 'readable' }, 'the page can read it'));
    }
    list.append(element('dt', {}, name), description);
  }
  if (!list.hasChildNodes()) list.append(element('dd', {}, 'none that matter here'));
  return element('section', {}, element('h4', {}, title), list);
}
