import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCaddyfile } from './caddy/syntax.js';
import { ImportError, importPolicy } from './import.js';
import { parseNginx } from './nginx/syntax.js';

const nginxWords = [
  'server',
  'location',
  '/mcp',
  '~',
  '~*',
  '=',
  'map',
  '$http_origin',
  '$a',
  '$b',
  'default',
  'if',
  '($http_origin',
  '"~^https://(a|b)$")',
  '($a = "")',
  'return',
  '204',
  '403',
  'add_header',
  'Access-Control-Allow-Origin',
  '*',
  'always',
  'proxy_pass',
  'http://u',
  'set',
  'error_page',
  '502',
  '/e',
  'include',
  'x.conf',
  'rewrite',
  '^/(.*)$',
  'last',
  'break',
  'more_set_headers',
  "'Vary: Origin'",
  'https://app.example.com',
  '"${a}"',
  '$1',
  'listen',
  '80',
  'server_name',
  'limit_except',
  'GET',
  'deny',
  'all',
  '{',
  '}',
  ';',
  '{',
  '}',
  ';',
  ';',
  '\n',
  '#',
  '"',
  "'",
  '\\',
  '\0',
  'é',
];
const caddyWords = [
  ':80',
  'http://mcp.example.com',
  '(cors)',
  'import',
  'cors',
  '{args.0}',
  '{args[1]}',
  '@a',
  '@b',
  'header',
  'Origin',
  'header_regexp',
  'not',
  'method',
  'OPTIONS',
  'respond',
  '204',
  'handle',
  '/mcp*',
  'route',
  'handle_path',
  'handle_errors',
  'map',
  '{header.Origin}',
  '{x}',
  '~^https://(.*)$',
  '${1}',
  'default',
  'vars',
  'expression',
  '`size({x}) > 3`',
  'Access-Control-Allow-Origin',
  '+Vary',
  '-Access-Control-*',
  '?X',
  '>Y',
  'defer',
  'reverse_proxy',
  'u:1',
  'header_down',
  'basicauth',
  'error',
  '404',
  'https://app.example.com',
  '*.example.com',
  '{',
  '}',
  '{\n',
  '}\n',
  '\n',
  '\n',
  '#',
  '"',
  '`',
  '\\',
  '\0',
  'é',
];
const textOf = (words: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...words), { maxLength: 80 }).map((parts) => parts.join(' '));

describe.each([
  ['nginx', nginxWords, (text: string) => parseNginx(text).unread],
  ['caddy', caddyWords, (text: string) => parseCaddyfile(text).unread],
] as const)('any text as a configuration of %s', (format, words, parse) => {
  const wrap = (text: string): string =>
    format === 'nginx'
      ? `server { location /mcp { add_header Access-Control-Allow-Origin $http_origin; proxy_pass http://u; ${text} } }`
      : `:80 {\n\theader Access-Control-Allow-Origin {header.Origin}\n\treverse_proxy u:1\n${text}\n}`;

  test('is read to its end, with places that are in it', () => {
    fc.assert(
      fc.property(fc.oneof(textOf(words), textOf(words).map(wrap), fc.string()), (text) => {
        parse(text);
        let imported: ReturnType<typeof importPolicy>;
        try {
          imported = importPolicy(text, { format });
        } catch (error) {
          // Caddy's JSON alone is refused.
          expect((error as ImportError).code).toBe('format-refused');
          return;
        }
        const lines = text.split('\n');
        for (const { line, column } of [
          ...imported.unread,
          ...imported.places.flatMap(({ holes }) => holes),
        ]) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test.each(
    [
      '{'.repeat(200_000),
      '}'.repeat(200_000),
      '"'.repeat(200_001),
      'a '.repeat(500_000),
      'a {\n'.repeat(100_000),
      `${'\\'.repeat(300_001)}`,
      format === 'nginx'
        ? wrap(`${'if ($http_origin ~ "^(a+)+$") { set $x 1; }\n'.repeat(2000)}`)
        : wrap(`${'@m header_regexp Origin ^(a+)+$\nheader @m X y\n'.repeat(2000)}`),
      format === 'nginx'
        ? `${Array.from({ length: 3000 }, (_, i) => `map $v${i} $v${i + 1} { "~(?<a>.*)(.*)(.*)x" $a; default $v${i}; }`).join('\n')}${wrap('add_header Vary $v3000;')}`
        : wrap(
            Array.from(
              { length: 3000 },
              (_, i) => `map {v${i}} {v${i + 1}} {\n~(.*)(.*)x {v${i}}\ndefault {v${i}}\n}`,
            ).join('\n'),
          ),
      format === 'nginx'
        ? `map $http_origin $o { ${Array.from({ length: 50_000 }, (_, i) => `https://a${i}.example.com $http_origin;`).join('\n')} } ${wrap('add_header Vary $o;')}`
        : `(a) {\nimport b\nimport b\n}\n(b) {\nimport a\nimport a\n}\n${wrap('import a')}`,
      format === 'nginx'
        ? wrap(`set $a xy; ${'set $a $a$a; '.repeat(60)} add_header Vary $a;`)
        : wrap(`vars a xy\nroute {\n${'vars a {vars.a}{vars.a}\n'.repeat(60)}header Vary {vars.a}\n}`),
      format === 'nginx'
        ? wrap('').repeat(3000)
        : `:80 {\n\theader Access-Control-Allow-Origin *\n}\n`.repeat(3000),
      format === 'nginx'
        ? `map $http_origin $o { "~^(((((a{300}){300}){300}){300}){300})$" $http_origin; } ${wrap('')}`
        : wrap('@m header_regexp Origin ^(((((a{300}){300}){300}){300}){300})$'),
    ].map((text, i) => [i, text] as const),
  )('hostile text %i ends', (_, text) => {
    expect(importPolicy(text, { format }).format).toBe(format);
  });
});

describe('nginx', () => {
  const only = (text: string) => {
    const { places, unread } = importPolicy(text, { format: 'nginx' });
    const [place] = places;
    if (place === undefined) throw new Error('there is no place');
    return { ...place, unread, ids: place.holes.map(({ id }) => id) };
  };
  const LOCATION =
    'location /mcp { add_header Access-Control-Allow-Origin $cors always; proxy_pass http://u; }';

  test('words, quotes, escapes, comments and braces are what nginx takes them for', () => {
    const { directives, unread } = parseNginx(`a "b \\"c\\" \${d}" 'e;f' # g\n${'${h}'}i{2} x;\nb{c d\\;}`);
    expect(unread.map(({ text }) => text)).toEqual(['c', 'b']);
    expect(directives.map(({ name }) => name)).toEqual(['a']);
    expect(directives[0]?.args.map(({ text }) => text)).toContain('b "c" ${d}');
  });

  test('a part of a server, and one of http, is read as what it is', () => {
    expect(
      only(`map $http_origin $cors { https://app.example.com $http_origin; }\n${LOCATION}`).policy,
    ).toMatchObject({
      origins: ['https://app.example.com'],
    });
    expect(only('add_header Access-Control-Allow-Origin "*";').enforced.anyOrigin).toBe('star');
  });

  test.each([
    [
      'the origins come from another file',
      'map $http_origin $cors { include origins.map; }',
      'entries come from another file',
    ],
    ['a variable is not there', '', 'the variable is not set in this file'],
    [
      'a map leads back',
      'map $cors $b { default $cors; } map $b $cors { default $b; }',
      'the maps lead back to themselves',
    ],
    [
      'an expression is not followed',
      'map $http_origin $cors { "~^(?!https://evil)" $http_origin; }',
      'the expression has parts that are not followed',
    ],
    [
      'it depends on the address',
      'geo $cors { default no; 10.0.0.0/8 yes; }',
      'the value follows from addresses (geo)',
    ],
  ])('%s: that is said, and the origins are not known', (_, map, why) => {
    const { enforced, unread, ids } = only(`${map}\nserver { ${LOCATION} }`);
    expect(unread.map((one) => one.why)).toContain(why);
    expect([enforced.origins, enforced.anyOrigin]).toEqual([undefined, 'no']);
    expect(ids).toContain('origins-unlisted');
  });

  test('origins that are compared together with something else are not taken for none', () => {
    const map =
      'map "$http_origin:$request_method" $cors { "~^https://app\\.example\\.com:POST$" $http_origin; }';
    const { enforced, unread } = only(`${map}\nserver { ${LOCATION} }`);
    expect(enforced.origins).toBeUndefined();
    expect(unread.map(({ why }) => why)).toContain('origins are compared together with something else');
  });

  test('headers-more replaces what the server behind sends, and holds for errors', () => {
    const { enforced } = only(
      "server { location /mcp { more_clear_headers 'Access-Control-*'; more_set_headers 'Access-Control-Allow-Origin: https://app.example.com'; proxy_pass http://u; } }",
    );
    expect(enforced.conduct).toMatchObject({ replacesApplicationHeaders: true, coversErrors: true });
    expect(enforced.origins).toMatchObject([{ text: 'https://app.example.com' }]);
  });

  test('each location is a place of its own, and internal ones are none', () => {
    const { places } = importPolicy(
      'server { add_header Access-Control-Allow-Origin *; location /a { proxy_pass http://u; } location /b { add_header X y; proxy_pass http://u; }' +
        ' location = /e { internal; add_header Access-Control-Allow-Origin *; } location @n { proxy_pass http://u; } }',
      { format: 'nginx' },
    );
    expect(places.map(({ enforced }) => [enforced.name, enforced.anyOrigin])).toEqual([
      ['server 80, location /a', 'star'],
      ['server 80, location /b', 'no'],
    ]);
  });

  test('includes are named, but for those that have nothing to do with it', () => {
    const { unread } = only(
      `include mime.types;\ninclude conf.d/*.conf;\nserver { include snippets/cors.conf; ${LOCATION} }`,
    );
    expect(unread.map(({ text, line, column }) => [text, line, column])).toEqual(
      expect.arrayContaining([
        ['include conf.d/*.conf', 2, 1],
        ['include snippets/cors.conf', 3, 10],
      ]),
    );
    expect(unread.map(({ text }) => text)).not.toContain('include mime.types');
  });
});

describe('Caddy', () => {
  test('its JSON is refused with a remedy', () => {
    for (const text of ['{"apps": {}}', ' {\n\t"apps": {}\n}']) {
      expect(() => importPolicy(text, { format: 'caddy' })).toThrow(ImportError);
    }
  });

  test('words, quotes, comments and lines are what Caddy takes them for', () => {
    const { lines, unread } = parseCaddyfile(
      '{\n\tadmin off\n}\na:1, b {\n\tx "y \\"z\\"" `w "v"` u#t \\\n\t\ts # r\n}\n',
    );
    expect(unread).toEqual([]);
    expect(lines.map(({ words }) => words.map(({ text }) => text))).toEqual([[''], ['a:1,', 'b']]);
    expect(lines[1]?.block?.[0]?.words.map(({ text }) => text)).toEqual(['x', 'y "z"', 'w "v"', 'u#t', 's']);
  });

  test('a directive of a plugin is said, since what it does is not known', () => {
    const { unread } = importPolicy(
      ':80 {\n\tcors {\n\t\torigins *\n\t}\n\theader Access-Control-Allow-Origin *\n\treverse_proxy u:1\n}',
      {
        format: 'caddy',
      },
    );
    expect(unread).toMatchObject([{ line: 2, column: 2, text: 'cors' }]);
  });
});
