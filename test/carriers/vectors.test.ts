import { describe, expect, test } from 'vitest';
import { CARRIER_NAMES, loadVectors, readVectors, type VectorFile } from './vectors.js';

const vector = {
  name: 'a',
  source: 'somewhere',
  policy: 'p',
  request: { method: 'GET', target: '/mcp', headers: [['Host', 'mcp.example.com']] },
  expect: { outcome: 'pass' },
};
const content = { title: 't', policies: { p: { origins: '*' } }, vectors: [vector] };
const problemsOf = (changes: object): readonly string[] =>
  readVectors('f.json', { ...content, ...changes }).problems;
const withVector = (changes: object): readonly string[] =>
  problemsOf({ vectors: [{ ...vector, ...changes }] });

describe('files of vectors', () => {
  const files = loadVectors();
  const count = (file: VectorFile): number => file.vectors.length;

  test(`${files.length} files hold ${files.map(count).reduce((sum, n) => sum + n, 0)} vectors`, () => {
    expect(files.flatMap(({ vectors }) => vectors).length).toBeGreaterThanOrEqual(200);
    for (const file of files) expect(count(file), file.file).toBeGreaterThan(0);
  });

  test('every outcome is expected somewhere', () => {
    const outcomes = files.flatMap(({ vectors }) => vectors.map(({ expect: { outcome } }) => outcome));
    expect([...new Set(outcomes)].sort()).toEqual(['deny', 'pass', 'preflight']);
  });
});

describe('reading vectors', () => {
  test('a good file has no problems, and every carrier is shown its vectors', () => {
    const { file, problems } = readVectors('f.json', content);
    expect(problems).toEqual([]);
    expect(file.vectors[0]?.only).toEqual(CARRIER_NAMES);
  });

  test('every carrier but those with a reason is shown a vector with exceptions', () => {
    const except = { http2: 'it has no such form', koa: 'neither' };
    const { file, problems } = readVectors('f.json', { ...content, vectors: [{ ...vector, except }] });
    expect(problems).toEqual([]);
    expect(file.vectors[0]?.only).toEqual(CARRIER_NAMES.filter((name) => name !== 'http2' && name !== 'koa'));
  });

  test('long values are spelled out', () => {
    const headers = [['Origin', { before: '<', repeat: 'a{n},', times: 3, after: '>' }]];
    const { file } = readVectors('f.json', {
      ...content,
      vectors: [{ ...vector, request: { ...vector.request, headers } }],
    });
    expect(file.vectors[0]?.request.headers).toEqual([['Origin', '<a0,a1,a2,>']]);
  });

  test.each([
    ['an unknown policy', { policy: 'q' }, 'f.json: a: policy: there is no policy q'],
    ['an unknown key', { expected: {} }, 'f.json: vectors: 0: the key expected is none of'],
    ['an unknown outcome', { expect: { outcome: 'allow' } }, 'one of pass, preflight, deny is expected'],
    ['an unknown carrier', { only: ['nginx'], why: 'w' }, 'f.json: a: only: 0: one of policy, node'],
    [
      'an exception for no carrier',
      { except: { nginx: 'w' } },
      'f.json: a: except: the key nginx is none of',
    ],
    ['an exception without why', { except: { koa: true } }, 'f.json: a: except: koa: a text is expected'],
    ['an exclusion without why', { only: ['policy'] }, 'f.json: a: `why` belongs to `only` and `wire`'],
    ['why without an exclusion', { why: 'because' }, 'f.json: a: `why` belongs to `only` and `wire`'],
    ['no source', { source: undefined }, 'f.json: a: source: a text is expected'],
    ['no method', { request: { target: '/', headers: [] } }, 'request: method: a text is expected'],
    [
      'a header name in upper case',
      { expect: { outcome: 'pass', headers: { 'X-A': null } } },
      'headers: X-A: the names of expected headers are in lower case',
    ],
    [
      'an empty list expectation',
      { expect: { outcome: 'pass', headers: { 'x-a': {} } } },
      'headers: x-a: has neither `list` nor `has` nor `lacks`',
    ],
    [
      'Vary among the headers',
      { expect: { outcome: 'pass', headers: { vary: 'Origin' } } },
      'headers: vary: say what Vary must hold in `vary`',
    ],
    ['a status that is a text', { expect: { outcome: 'pass', status: '200' } }, 'a whole number is expected'],
    ['a line that is no pair', { request: { ...vector.request, headers: ['Host'] } }, 'a list is expected'],
  ])('%s is a problem, told with its place', (_, changes, problem) => {
    expect(withVector(changes).join('\n')).toContain(problem);
  });

  test('a name that is taken twice, and a question that is asked twice', () => {
    expect(problemsOf({ vectors: [vector, vector] })).toEqual([
      'f.json: a: the name is taken by another vector of the file',
      'f.json: a: asks the same as a',
    ]);
  });

  test('a policy that nobody uses', () => {
    expect(problemsOf({ policies: { ...content.policies, q: {} } })).toEqual([
      'f.json: policies: q: no vector uses this policy',
    ]);
  });

  test('every problem is told, not the first alone', () => {
    expect(withVector({ policy: 'q', expect: { outcome: 'allow' } })).toHaveLength(3);
  });
});
