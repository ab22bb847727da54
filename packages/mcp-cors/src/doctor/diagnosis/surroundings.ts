import { addressSpaceOf, isLocalNetworkRequest, pageAddressSpace } from '../../browser/addressSpace.js';
import { PROFILES } from '../../browser/index.js';
import { fieldOf } from '../page.js';
import type { Observation, Suspicion } from '../suspicion.js';

/** What is worth knowing and no fault of the server: caches, connections, where page and server are. */
export function* suspectSurroundings({
  origin,
  target,
  walked,
  survey,
  protocol,
}: Observation): Iterable<Suspicion> {
  const url = new URL(target.url);
  if (origin !== 'null' && URL.canParse(origin)) {
    const page = new URL(origin);
    const from = pageAddressSpace(page);
    const to = addressSpaceOf(url.hostname);
    if (isLocalNetworkRequest(from, to)) {
      yield { id: 'local-network-access', witness: `${origin} is ${from}, ${url.host} is ${to}` };
    }
    if (page.protocol === 'https:' && url.protocol === 'http:' && to === 'loopback') {
      yield { id: 'mixed-content-safari', witness: `${origin} is https, ${url.origin} is http` };
    }
  }
  const preflight = survey.everyHeader?.exchanges.find(({ request }) => request.kind === 'preflight');
  const maxAge = Number(fieldOf(preflight?.response, 'access-control-max-age'));
  if (preflight !== undefined && maxAge > PROFILES.chromium.maxAgeCapSeconds) {
    yield { id: 'max-age-beyond-caps', witness: preflight, detail: `${maxAge} seconds` };
  }
  const streamed = walked.some(({ memory }) => memory.stream !== undefined);
  if (streamed && protocol === 'http/1.1') {
    yield {
      id: 'http1-stream-limit',
      witness: `GET ${url.pathname} opens a stream that stays open, over HTTP/1.1`,
    };
  }
}
