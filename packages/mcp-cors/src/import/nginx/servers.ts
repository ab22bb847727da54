import type { LocationBlock, ServerBlock } from './answer.js';
import { type Chain, type Level, levelOf } from './levels.js';
import type { Directive } from './syntax.js';

/** Blocks in which servers are found. */
const OUTER = new Set(['http', 'stream', 'events', 'mail']);

/** What a file has on the level of `http`, whether or not it spells that block out. */
export function httpOf(top: readonly Directive[]): readonly Directive[] {
  return top.flatMap((directive) => {
    if (directive.name === 'http') return directive.block ?? [];
    return OUTER.has(directive.name) ? [] : [directive];
  });
}

/** The servers of a file. A file that has none but locations or headers is what a server includes. */
export function serversOf(http: readonly Directive[]): readonly ServerBlock[] {
  const at = http[0]?.at ?? { line: 1, column: 1 };
  const outer = levelOf('http', { args: [], at, block: http.filter(({ name }) => name !== 'location') });
  const blocks = http.filter(({ name, block }) => name === 'server' && block !== undefined);
  if (blocks.length > 0) return blocks.map((block) => serverOf(outer, block));
  const inside = http.filter(({ name }) => name !== 'map' && name !== 'geo');
  if (inside.length === 0) return [];
  return [
    serverOf(levelOf('http', { args: [], at, block: [] }), { name: 'server', args: [], at, block: inside }),
  ];
}

function serverOf(http: Level, directive: Directive): ServerBlock {
  const level = levelOf('server', directive);
  const chain = [http, level];
  const listens = (level.byName.get('listen') ?? []).map(({ args }) => args.map(({ text }) => text));
  return {
    chain,
    names: (level.byName.get('server_name') ?? []).flatMap(({ args }) => args.map(({ text }) => text)),
    sockets:
      listens.length === 0
        ? ['80']
        : listens.map(([socket = '80']) => socket.replace(/^(?:\*|0\.0\.0\.0|\[::\]):/, '')),
    isDefault: listens.some((words) => words.includes('default_server') || words.includes('default')),
    locations: locationsOf(chain, level.directives),
  };
}

const MODIFIERS = ['=', '~', '~*', '^~'] as const;

/** Locations, those inside of others too. */
function locationsOf(chain: Chain, directives: readonly Directive[]): readonly LocationBlock[] {
  return directives.flatMap((directive): LocationBlock[] => {
    if (directive.name !== 'location' || directive.block === undefined) return [];
    const inner = [...chain, levelOf('location', directive)];
    const [first = '', second] = directive.args.map(({ text }) => text);
    const modifier =
      MODIFIERS.find((one) => one === first) ??
      MODIFIERS.find((one) => second === undefined && first.startsWith(one));
    const text = modifier === undefined ? first : (second ?? first.slice(modifier.length));
    const own: LocationBlock = text.startsWith('@')
      ? { chain: inner, modifier: '@', text: text.slice(1) }
      : { chain: inner, modifier: modifier ?? '', text };
    return [own, ...locationsOf(inner, directive.block)];
  });
}

/** The server that takes a Host, among those that share a socket with one: by name, or the default one. */
export function serverFor(host: string, one: ServerBlock, all: readonly ServerBlock[]): ServerBlock {
  const name = host.toLowerCase().replace(/(?<!:):\d*$/, '');
  const sharing = all.filter(({ sockets }) => sockets.some((socket) => one.sockets.includes(socket)));
  const exact = sharing.find(({ names }) =>
    names.some((text) => text.toLowerCase() === name || text === `.${name}`),
  );
  if (exact !== undefined) return exact;
  const masks = sharing.flatMap((server) =>
    server.names.map((text) => ({ server, text: text.toLowerCase() })),
  );
  const suffix = masks
    .filter(({ text }) => /^\*?\./.test(text) && name.endsWith(text.replace(/^\*/, '')))
    .sort((a, b) => b.text.length - a.text.length)[0];
  const prefix = masks.find(({ text }) => text.endsWith('.*') && name.startsWith(text.slice(0, -1)));
  const found = suffix ?? prefix;
  if (found !== undefined) return found.server;
  return sharing.find(({ isDefault }) => isDefault) ?? sharing[0] ?? one;
}
