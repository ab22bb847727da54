import type { FindingText } from '../findings.js';

/** Every finding about what stands between a page and the server, beyond those of the journeys. Ids are stable. */
export const INFRASTRUCTURE_FINDINGS = {
  'stream-buffered': {
    severity: 'error',
    title: 'The stream is held back',
    why: 'Something between the server and the page gathers a stream before it passes it on: the page waits for events that were sent long ago, and fetch() does not even return while the head is held back.',
    remedy:
      'Switch buffering off for this path, send X-Accel-Buffering: no, and have the server send the head of a stream at once (flushHeaders in Node).',
    byProxy: true,
  },
  'stream-compressed': {
    severity: 'warning',
    title: 'Compression holds the stream back',
    why: 'Browsers always offer gzip, and a compressor gathers events until it has enough of them.',
    remedy: 'Leave text/event-stream out of compression, or flush the compressor after each event.',
    byProxy: true,
  },
  'stream-delayed': {
    severity: 'info',
    title: 'Each event is held back for a moment',
    why: 'A proxy waits for more to send before it sends an event. It is there in the end, and every call takes that much longer.',
    remedy: 'Have the proxy send at once.',
    byProxy: true,
  },
  'stream-cut-idle': {
    severity: 'warning',
    title: 'An idle stream is closed',
    why: 'Something ends a stream on which nothing is said for a while. What the server sends before the page is back is lost, and with HTTP+SSE the session ends with its stream.',
    remedy:
      'Send a comment (a line that begins with a colon) every 15 seconds, as the gateway does, or let what stands in front wait longer.',
    byProxy: true,
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
