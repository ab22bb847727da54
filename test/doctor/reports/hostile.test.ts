import fc from 'fast-check';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REPORT_FORMATS, renderReport } from '../../../packages/mcp-cors/src/doctor/reports/index.js';
import { sharedChromium } from '../inChromium.js';
import { anyReport } from './anyReport.js';

/** Everything that a report may hold, by its own hand. */
const HTML_TAGS =
  /^<(?:!doctype|\/?(?:html|head|body|main|title|style|section|article|details|summary|table|thead|tbody|tr|th|td|dl|dt|dd|h[1-4]|p|pre|code|b|br|span|svg|rect|ol|li|a)|meta)\b[^<>]*>$/;
const HTML_ATTRIBUTES =
  /^(?:lang|charset|http-equiv|content|name|class|id|open|title|colspan|viewBox|preserveAspectRatio|role|aria-label|href|x|y|width|height)$/;

/** Tags as a parser sees them: a quoted value may hold anything but its quote. */
const tagsOf = (markup: string): readonly string[] => markup.match(/<(?:"[^"]*"|[^>"])*>/g) ?? [];
const attributesOf = (tag: string): readonly string[] =>
  [...tag.replace(/^<\/?[\w!]+/, '').matchAll(/([^\s"=<>/]+)(?:="[^"]*")?/g)].map(([, name = '']) => name);

describe('whatever a server puts into a report', () => {
  it.each(REPORT_FORMATS)('%s moves no cursor and turns no text around', (format) => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const text = renderReport(format, report);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
        expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it('no line for a terminal is wider than 80 columns', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        for (const line of renderReport('pretty', report).split('\n')) {
          expect([...line].length, line).toBeLessThanOrEqual(80);
        }
      }),
    );
  });

  it('html has tags and attributes of its own alone, and names no other place', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const html = renderReport('html', report).replace(/<style>[^<]*<\/style>/, '');
        const tags = tagsOf(html);
        expect(tags.filter((tag) => !HTML_TAGS.test(tag))).toEqual([]);
        const names = tags.filter((tag) => !tag.startsWith('<!')).flatMap(attributesOf);
        expect(names.filter((name) => !HTML_ATTRIBUTES.test(name))).toEqual([]);
        // What leads on leads to another place of the same page.
        for (const [, to] of html.matchAll(/\shref="([^"]*)"/g))
          expect(to).toMatch(/^#(?:finding|file)-\d+$/);
        expect(html.replaceAll(/<(?:"[^"]*"|[^>"])*>/g, '')).not.toMatch(/[<>]/);
      }),
    );
  });

  it('markdown has no markup beyond its own, follows no link and calls nobody', () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        const markdown = renderReport('markdown', report);
        const prose = markdown
          .replaceAll(/^(`{3,})\n[\s\S]*?\n\1$/gm, '')
          .replaceAll(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')
          .replaceAll(/<\/?details>|<\/?summary>/g, '');
        expect(prose).not.toMatch(/<[a-z!/]/i);
        expect(prose).not.toMatch(/(?<!\\)\[[^\]]*(?<!\\)\]\(/);
        expect(prose).not.toMatch(/@(?!\u200b)/);
        // A heading or a fence of a server's own would begin a line.
        const headings = prose.split('\n').filter((line) => /^#/.test(line));
        const ours = headings.filter((line) => /^## . mcp-cors check$|^### (?:\*\*|note)/u.test(line));
        expect(headings).toEqual(ours);
      }),
    );
  });
});

describe('in a real browser', () => {
  const browser = sharedChromium();
  const asked: string[] = [];
  let tab: Page;
  beforeAll(async () => {
    tab = await browser().newPage();
    tab.on('request', (request) => asked.push(request.url()));
    tab.on('dialog', (dialog) => {
      asked.push('a dialog');
      void dialog.dismiss();
    });
  });
  afterAll(() => tab.close());

  it('html runs nothing, asks for nothing and goes nowhere', async () => {
    await fc.assert(
      fc.asyncProperty(anyReport, async (report) => {
        await tab.setContent(renderReport('html', report));
        const seen = await tab.evaluate(() => ({
          elements: document.querySelectorAll(
            'script, link, img, iframe, object, embed, a:not([href^="#"]), base, form',
          ).length,
          cases: document.querySelectorAll('article').length,
          at: location.href,
        }));
        expect(seen).toMatchObject({ elements: 0, at: 'about:blank' });
        expect(seen.cases).toBeLessThanOrEqual(report.findings.length);
        expect(asked).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('junit is XML with the elements, attributes and counts that its schema has', async () => {
    await fc.assert(
      fc.asyncProperty(anyReport, async (report) => {
        const faults = await tab.evaluate(judgeJunit, renderReport('junit', report));
        expect(faults).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

/** The constraints of the schema that Jenkins publishes for JUnit's XML, as far as a document without properties goes. Runs in the page. */
function judgeJunit(xml: string): readonly string[] {
  const faults: string[] = [];
  const root = new DOMParser().parseFromString(xml, 'application/xml').documentElement;
  const numbers = /^\d+(?:\.\d+)?$/;
  const allowed: Record<
    string,
    { readonly attributes: readonly string[]; readonly children: readonly string[] }
  > = {
    testsuites: {
      attributes: ['name', 'time', 'tests', 'failures', 'disabled', 'errors', 'skipped'],
      children: ['testsuite'],
    },
    testsuite: {
      attributes: [
        'name',
        'tests',
        'failures',
        'errors',
        'time',
        'disabled',
        'skipped',
        'timestamp',
        'hostname',
        'id',
        'package',
      ],
      children: ['testcase', 'properties', 'system-out', 'system-err'],
    },
    testcase: {
      attributes: ['name', 'assertions', 'time', 'classname', 'status'],
      children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
    },
    failure: { attributes: ['type', 'message'], children: [] },
    skipped: { attributes: ['message'], children: [] },
    'system-out': { attributes: [], children: [] },
  };
  const count = (element: Element, name: string): number => element.getElementsByTagName(name).length;
  const judge = (element: Element): void => {
    const rule = allowed[element.tagName];
    if (rule === undefined) return void faults.push(`<${element.tagName}> is not known`);
    for (const { name } of element.attributes) {
      if (!rule.attributes.includes(name)) faults.push(`${name} of <${element.tagName}>`);
    }
    for (const name of ['name', 'classname']) {
      const needed =
        element.tagName === 'testcase' || (name === 'name' && /^testsuites?$/.test(element.tagName));
      if (needed && !element.getAttribute(name)) faults.push(`<${element.tagName}> without ${name}`);
    }
    for (const name of ['time', 'tests', 'failures', 'errors', 'skipped']) {
      const value = element.getAttribute(name);
      if (value !== null && !numbers.test(value)) faults.push(`${name}="${value}"`);
    }
    const counted = { tests: 'testcase', failures: 'failure', skipped: 'skipped' };
    for (const [attribute, tag] of Object.entries(counted)) {
      const value = element.getAttribute(attribute);
      if (value !== null && Number(value) !== count(element, tag)) faults.push(`${attribute} is ${value}`);
    }
    for (const child of element.children) {
      if (!rule.children.includes(child.tagName)) faults.push(`<${child.tagName}> in <${element.tagName}>`);
      judge(child);
    }
  };
  if (root.tagName !== 'testsuites') faults.push(`the root is <${root.tagName}>`);
  judge(root);
  return faults;
}
