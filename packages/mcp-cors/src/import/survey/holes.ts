import type { FormatHole } from '../reader.js';

type Text = Pick<FormatHole, 'severity' | 'title' | 'why' | 'remedy'>;

/** Holes that show when a configuration is asked, besides those that follow from what is enforced. Ids are stable. */
export const SURVEY_HOLES = {
  'look-alike-admitted': {
    severity: 'error',
    title: 'An origin of somebody else is admitted',
    why: 'The expression is open at an end, or has a dot that stands for any character: whoever registers such a name gets in.',
    remedy:
      'Anchor the expression with ^ and $, escape its dots, and let a wildcard stand for whole labels only.',
  },
  'headers-twice': {
    severity: 'error',
    title: 'Access-Control-Allow-Origin is sent twice',
    why: 'Two lines match no origin: the browser refuses the answer, whatever they say.',
    remedy: 'Write it in one place only.',
  },
  'allow-origin-unusable': {
    severity: 'error',
    title: 'Access-Control-Allow-Origin has a value that matches no origin',
    why: 'It is compared as a whole with the origin of the page: a list, a pattern or a path never matches.',
    remedy: 'List the origins in a map, and answer with the one that asked.',
  },
  'preflights-fail': {
    severity: 'error',
    title: 'Preflights are answered so that the browser refuses',
    why: 'A preflight needs a status from 200 to 299 with Access-Control-Allow-Origin, and carries no credentials; without it nothing is sent.',
    remedy:
      'Answer OPTIONS with Origin and Access-Control-Request-Method with 204 and every header, before authentication.',
  },
  'headers-inherited-away': {
    severity: 'error',
    title: 'The CORS headers further out do not hold here',
    why: 'A level that has add_header of its own inherits none: what stands outside of it is not sent.',
    remedy: 'Repeat every add_header here, or move them all here.',
  },
  'streams-buffered': {
    severity: 'error',
    title: 'Event streams are buffered',
    why: 'nginx gathers what the server sends, so that events arrive late and together.',
    remedy: 'Set proxy_buffering off.',
  },
  'streams-may-be-buffered': {
    severity: 'warning',
    title: 'Event streams may be buffered',
    why: 'nginx passes chunks on while the page reads as fast as the server writes, and gathers them when it does not.',
    remedy: 'Set proxy_buffering off.',
  },
  'streams-compressed': {
    severity: 'error',
    title: 'Event streams are compressed',
    why: 'A compressor keeps events back until it has enough of them.',
    remedy: 'Leave text/event-stream out of what is compressed.',
  },
  'streams-cut': {
    severity: 'warning',
    title: 'Streams that are quiet are cut',
    why: 'A server that has nothing to say for so long loses its stream, and with it what it wanted to ask.',
    remedy: 'Raise the timeout to an hour or more, or have the server send a comment every 15 seconds.',
  },
  'upstream-http-1.0': {
    severity: 'warning',
    title: 'The server behind is spoken to in HTTP/1.0, or told to close',
    why: 'Every call opens a connection of its own, and servers that stream by chunks cannot.',
    remedy: 'Set proxy_http_version 1.1 and proxy_set_header Connection "".',
  },
} as const satisfies Record<string, Text>;

export type SurveyHoleId = keyof typeof SURVEY_HOLES;
