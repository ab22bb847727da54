import { oneLine } from './comment.js';
import { ADDRESS_SPELLINGS, always, DIRECTORIES, type Limit, SEALED_SESSIONS } from './limits.js';
import type { Plan, PolicyPlan } from './plan.js';
import { lines, string } from './script/literals.js';
import type { Target } from './target.js';

const ADAPTER = 'Use mcp-cors/express, which takes the same policy.';

/** What the options of the `cors` package cannot express. */
const LIMITS: readonly Limit[] = [
  {
    id: 'foreign-requests-pass',
    weakens: true,
    concerns: always,
    what: 'Requests that the policy refuses reach the application: those of foreign pages, and those without Origin that it does not want.',
    why: 'The package adds headers and refuses nothing; MCP asks for 403.',
    instead: ADAPTER,
  },
  {
    id: 'hosts',
    weakens: true,
    concerns: ({ hosts }) => hosts !== undefined,
    what: "Any Host is taken: nothing stands against DNS rebinding, and no page is admitted for being the server's own.",
    why: 'The package does not look at Host.',
    instead: ADAPTER,
  },
  {
    id: 'content-types',
    weakens: true,
    concerns: always,
    what: 'A POST that is not JSON reaches the application, and pages send text/plain without a preflight.',
    why: 'The package does not look at Content-Type.',
    instead: ADAPTER,
  },
  {
    id: 'kinds',
    weakens: true,
    concerns: always,
    what: 'Every path has the methods and headers of the MCP endpoint, and those of OAuth besides.',
    why: 'Options hold for all that they are used on.',
    instead: ADAPTER,
  },
  {
    id: 'application-headers',
    weakens: true,
    concerns: always,
    what: "What the application says about CORS and Vary by itself stands in place of the policy's, and error handlers may remove both.",
    why: 'The package sets headers once, before the application.',
    instead: ADAPTER,
  },
  {
    id: 'any-origin-text',
    weakens: true,
    concerns: ({ origins }) => origins.any,
    what: 'Under * whatever stands in Origin is admitted, null and texts that are no origin included.',
    why: 'The package does not read Origin then.',
    instead: ADAPTER,
  },
  {
    ...ADDRESS_SPELLINGS,
    // Under * it is the least of what passes.
    concerns: (policy) => !policy.origins.any && ADDRESS_SPELLINGS.concerns(policy),
  },
  {
    id: 'refused-preflights',
    weakens: false,
    concerns: always,
    what: 'A preflight that asks for too much is answered with 204 and what is allowed, and that of a foreign page with 204 and nothing.',
    why: 'The package leaves refusing to the browser, which then sends nothing.',
    instead: ADAPTER,
  },
  {
    id: 'listed-headers',
    weakens: false,
    concerns: always,
    what: 'Preflights are answered with the whole list of request headers, which has no names by prefix: Mcp-Param-* is refused.',
    why: 'The package has a fixed list, or sends back whatever was asked for.',
    instead: `List the names of your tools in allowedHeaders. ${ADAPTER}`,
  },
  {
    id: 'options',
    weakens: false,
    concerns: always,
    what: 'Every OPTIONS is answered, preflight or not.',
    why: 'The package takes each for a preflight.',
    instead: ADAPTER,
  },
  {
    id: 'headers-without-origin',
    weakens: false,
    concerns: always,
    what: 'Access-Control-Expose-Headers and Allow-Credentials are also sent where no page is admitted.',
    why: 'The package adds each by itself. Without Access-Control-Allow-Origin browsers do not look at them.',
    instead: ADAPTER,
  },
  {
    id: 'report-only',
    weakens: false,
    concerns: ({ reportOnly }) => reportOnly,
    what: 'Report-only mode reports nothing, and pages of other origins read nothing.',
    why: 'The package has no such mode.',
    instead: ADAPTER,
  },
  SEALED_SESSIONS,
  DIRECTORIES,
];

/** The `cors` package, for applications that must stay on it. */
export const EXPRESS: Target = Object.freeze({
  name: 'express',
  title: 'Express with the cors package',
  file: 'mcp-cors.mjs',
  type: 'middleware',
  comment: '//',
  limits: LIMITS,
  use: () => [
    'Before everything else, authentication included:',
    '',
    "    import { mcpCors } from './mcp-cors.mjs';",
    '    app.use(mcpCors);',
    '',
    'It is the weaker way, for those who must stay on the cors package: import { mcpCors } from "mcp-cors/express" holds the whole policy.',
  ],
  render,
} satisfies Target);

function render({ routes: [{ policy }] }: Plan): string {
  const { methods, allowMethods, allowedHeaders } = policy.kinds.mcp;
  const { mcp, oauth } = policy.kinds;
  return [
    "import cors from 'cors';",
    '',
    'export const mcpCors = cors({',
    origin(policy),
    `  // A page may use ${oneLine(methods.join(', '))}.`,
    `  methods: ${string(allowMethods)},`,
    ...(allowedHeaders.any
      ? ['  // Without allowedHeaders every requested header is granted.']
      : [`  allowedHeaders: [\n${names([mcp.allowHeaders, oauth.allowHeaders])}  ],`]),
    `  exposedHeaders: [\n${names([mcp.exposeHeaders ?? '', oauth.exposeHeaders ?? ''])}  ],`,
    `  credentials: ${policy.credentials},`,
    `  maxAge: ${Number(policy.maxAge)},`,
    '  preflightContinue: false,',
    '  optionsSuccessStatus: 204,',
    '});',
    '',
  ].join('\n');
}

function origin({ origins }: PolicyPlan): string {
  if (origins.any) return "  origin: '*',";
  const tooLong = `(?!${origins.tooLong})`;
  const exact = [...origins.exact, ...(origins.opaque ? ['null'] : [])].map(string);
  const patterns = origins.patterns.map(
    ({ text, regexp }) => `// ${oneLine(text)}\n    new RegExp(${string(`${tooLong}${regexp}`)})`,
  );
  // An owner's expression says what an origin looks like less closely than browsers do.
  const expressions = origins.expressions.map(
    ({ text, regexp }) =>
      `// ${oneLine(text)}\n    new RegExp(${string(`${tooLong}(?=${origins.wellFormed})${regexp}`)})`,
  );
  return `  // A list, even of one: a single text would be sent to every page.\n  origin: [\n${lines([...exact, ...patterns, ...expressions], '    ')}  ],`;
}

/** The names of ready-made lists, each once. */
function names(lists: readonly string[]): string {
  const all = lists.flatMap((list) => list.split(', ')).filter((name) => name !== '' && name !== '*');
  const seen = new Map(all.map((name) => [name.toLowerCase(), name]));
  const any = lists.some((list) => list.split(', ').includes('*'));
  return lines([...seen.values(), ...(any ? ['*'] : [])].map(string), '    ');
}
