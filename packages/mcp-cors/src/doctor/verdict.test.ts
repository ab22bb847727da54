import { describe, expect, it } from 'vitest';
import type { Finding } from './report.js';
import { fixesOf, groupFindings } from './verdict.js';

const finding = (rest: Partial<Finding>): Finding => ({
  id: 'allow-origin-doubled',
  severity: 'error',
  title: 'Twice',
  evidence: '',
  why: '',
  fix: '',
  ...rest,
});

describe('groupFindings', () => {
  it('tells a fault of several pages once, also where its title names the page', () => {
    const pages = ['https://a.example', 'https://b.example'];
    const grouped = groupFindings(pages.map((origin) => finding({ origin, title: `Twice: *, ${origin}` })));
    expect(grouped).toMatchObject([{ title: 'Twice: *, https://a.example', origins: pages }]);
  });

  it('keeps apart what differs otherwise', () => {
    const two = [finding({ title: 'Twice: *' }), finding({ title: 'Twice: null' }), finding({ id: 'other' })];
    expect(groupFindings(two)).toHaveLength(3);
  });
});

it('what several findings tell to copy is shown with the first of them', () => {
  const told = ['Do it. In nginx:\n\na\n\nb', 'Wait.', 'Do that. In nginx:\n\na\n\nb', 'Stop. In Go:\n\nc'];
  expect(fixesOf(told.map((fix) => finding({ fix })))).toEqual([
    { sentence: 'Do it. In nginx:', code: 'a\n\nb', as: undefined },
    { sentence: 'Wait.', code: '', as: undefined },
    { sentence: 'Do that. In nginx', code: '', as: 0 },
    { sentence: 'Stop. In Go:', code: 'c', as: undefined },
  ]);
});
