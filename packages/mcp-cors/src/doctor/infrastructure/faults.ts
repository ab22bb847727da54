import type { FindingText } from '../findings.js';

/** Every finding about what stands between a page and the server, beyond those of the journeys. Ids are stable. */
export const INFRASTRUCTURE_FINDINGS = {
  'stream-buffered': {
    severity: 'error',
    title: 'The stream is held back',
    why: 'Something between the server and the page gathers a stream before it passes it on: the page waits for events that were sent long ago, and fetch() does not even return while the head is held back.',
    remedy:
      'Switch buffering off for this path (proxy_buffering off in nginx, flush_interval -1 in Caddy), send X-Accel-Buffering: no, and have the server send the head of a stream at once (flushHeaders in Node).',
  },
  'stream-compressed': {
    severity: 'warning',
    title: 'Compression holds the stream back',
    why: 'Browsers always offer gzip, and a compressor gathers events until it has enough of them.',
    remedy: 'Leave text/event-stream out of compression, or flush the compressor after each event.',
  },
  'keep-alive-short': {
    severity: 'info',
    title: 'Idle connections are closed soon',
    why: 'A load balancer that keeps connections longer than the server does sends requests into connections that are being closed: now and then a page sees 502.',
    remedy:
      'Keep connections longer than what stands in front does, usually more than 60 seconds (server.keepAliveTimeout in Node).',
  },
  'preflight-answered-elsewhere': {
    severity: 'error',
    title: 'Something else answers the preflight',
    why: 'The preflight is answered with a page for people: a login, an error page or a challenge stands in front of the server, and a browser cannot pass it in a preflight.',
    remedy: 'Let OPTIONS through to the server, or answer it where the page comes from.',
    byPolicy: true,
  },
} as const satisfies Record<string, FindingText>;

/** An id of the table. */
export type InfrastructureId = keyof typeof INFRASTRUCTURE_FINDINGS;
