import { MAX_STEPS, type Steps } from './expression/match.js';
import { samplesOf } from './expression/samples.js';
import { parseTree } from './expression/tree.js';
import { answerAt, HANDLERS, type LocationBlock, locate, type ServerBlock } from './nginx/answer.js';
import { type Chain, type Level, setting } from './nginx/levels.js';
import { mentionsOf } from './nginx/mentions.js';
import { httpOf, serverFor, serversOf } from './nginx/servers.js';
import { hiddenHeaders, streamHoles } from './nginx/streams.js';
import { type Directive, parseNginx } from './nginx/syntax.js';
import { createGlobals, type Globals, spend } from './nginx/variables.js';
import { MAX_PLACES, type Reader, type Reading, type Unread } from './reader.js';
import type { Model } from './survey/model.js';
import { survey } from './survey/survey.js';

/** Reads nginx's configuration: whole, a file of conf.d, or what a server includes. */
export const NGINX_READER: Reader = Object.freeze({
  name: 'nginx',
  title: 'a configuration of nginx: nginx.conf, a site, or a snippet that a server includes',
  claim: (file, text) =>
    (/(?:^|[/.])nginx|\.(?:conf|vhost)$|sites-(?:available|enabled)/.test(file) ? 2 : 0) +
    (/^\s*(?:add_header|proxy_pass|proxy_set_header|server_name|more_set_headers)\s+\S[^\n]*;/m.test(text)
      ? 3
      : 0),
  read,
} satisfies Reader);

/** Steps that a request takes whatever it meets. */
const REQUEST_STEPS = 50;

/** Files that have nothing to do with CORS. */
const HARMLESS =
  /(?:mime\.types|fastcgi_params|uwsgi_params|scgi_params|fastcgi\.conf|modules-enabled\/[^/]*)$/;

function read(text: string): Reading {
  const { directives, unread: faults } = parseNginx(text);
  const steps: Steps = { left: MAX_STEPS };
  const http = httpOf(directives);
  const globals = createGlobals(http, steps);
  const servers = serversOf(http);
  const mentions = mentionsOf(directives, steps);
  const unread: Unread[] = [...faults, ...includesOf(directives)];
  const places = servers
    .flatMap((server) => placesOf(server).map((chain) => ({ server, chain })))
    .slice(0, MAX_PLACES)
    .map(({ server, chain }) => {
      const model = modelOf(globals, servers, server, chain, mentions);
      const { enforced, holes, unread: more } = survey(model);
      for (const one of more) {
        if (
          !unread.some(
            ({ line, column, why }) => line === one.line && column === one.column && why === one.why,
          )
        )
          unread.push(one);
      }
      return { enforced, holes };
    });
  return { places, unread };
}

/** What other files hold is not known. */
function includesOf(directives: readonly Directive[]): readonly Unread[] {
  return directives
    .flatMap(({ name, args, at, block }) => [
      ...(name === 'include' && !HARMLESS.test(args[0]?.text ?? '')
        ? [
            {
              ...at,
              text: `include ${args[0]?.text ?? ''}`,
              why: 'what stands in another file is not read: give that file too',
            },
          ]
        : []),
      ...(block === undefined ? [] : includesOf(block)),
    ])
    .slice(0, 50);
}

/** Locations of a server that answer for CORS, or the server itself where none does. */
function placesOf(server: ServerBlock): readonly Chain[] {
  const chains = server.locations.filter((location) => isAsked(location)).map(({ chain }) => chain);
  if (chains.length > 0) return chains;
  return server.locations.length === 0 && speaksOfCors(server.chain) ? [server.chain] : [];
}

function isAsked({ chain, modifier }: LocationBlock): boolean {
  const level = chain.at(-1) as Level;
  if (modifier === '@' || level.byName.has('internal')) return false;
  const handles = HANDLERS.some((name) => level.byName.has(name));
  return handles ? speaksOfCors(chain) : speaksOfCors([level]);
}

/** Whether a level sets CORS headers, be it in an `if`. */
function speaksOfCors(chain: Chain): boolean {
  const speaks = ({ name, args, block }: Directive): boolean =>
    (/^(?:add_header|more_set_headers|more_clear_headers|proxy_hide_header)$/.test(name) &&
      args.some(({ text }) => /access-control-/i.test(text))) ||
    (name === 'if' && (block?.some(speaks) ?? false));
  return chain.some((level) => level.directives.some(speaks));
}

function modelOf(
  globals: Globals,
  servers: readonly ServerBlock[],
  server: ServerBlock,
  chain: Chain,
  mentions: ReturnType<typeof mentionsOf>,
): Model {
  const location = server.locations.find((one) => one.chain === chain);
  const name = server.names.find((one) => !/^[~_]|^$/.test(one));
  const serverText = `server ${server.names.slice(0, 3).join(' ') || server.sockets[0]}`;
  const locationText =
    location === undefined
      ? ''
      : `, location ${[location.modifier, location.text].filter(Boolean).join(' ')}`;
  return {
    name: `${serverText}${locationText}`,
    at: (chain.at(-1) as Level).at,
    path: pathOf(location),
    host: name === undefined ? 'localhost' : name.replace(/^\*?\./, 'a.').replace(/\.\*$/, '.example'),
    answer: (request, reply) => {
      // What one request costs at least.
      spend(globals, servers.length * 20 + REQUEST_STEPS, (chain.at(-1) as Level).at);
      const chosen = serverFor(request.headers.host ?? '', server, servers);
      if (chosen === server) return answerAt(globals, server, chain, request, reply);
      if (setting(chosen.chain, 'ssl_reject_handshake')?.text === 'on')
        return { forwarded: false, status: 400, lines: [], at: (chosen.chain.at(-1) as Level).at };
      const scope = {
        globals,
        request,
        serverName: '',
        https: false,
        reply: undefined,
        sent: [],
        sets: new Map(),
        known: new Map(),
        busy: new Set<string>(),
        captures: [],
      };
      const target = locate({ server: chosen, scope }, request.path);
      const answered = answerAt(globals, chosen, target?.chain ?? chosen.chain, request, reply);
      const handled = HANDLERS.some((handler) => target?.chain.at(-1)?.byName.has(handler) ?? false);
      return handled ? answered : { ...answered, forwarded: false };
    },
    origins: mentions.origins,
    mixed: mentions.mixed,
    hosts: mentions.hosts,
    words: mentions.words,
    hostNames: server.names.filter((one) => !/^[~_]/.test(one)),
    holes: [...hiddenHeaders(chain), ...streamHoles(chain)],
  };
}

/** A path that a location takes. */
function pathOf(location: LocationBlock | undefined): string {
  if (location === undefined) return '/';
  if (location.modifier !== '~' && location.modifier !== '~*')
    return location.text === '/' ? '/mcp' : location.text;
  const expression = parseTree(location.text, location.modifier === '~*');
  const sample =
    expression === undefined
      ? '/'
      : (samplesOf(expression.tree, 8).find((text) => text.startsWith('/')) ?? '/');
  return sample;
}
