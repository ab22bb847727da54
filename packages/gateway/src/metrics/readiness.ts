import { connect } from 'node:net';

/** How long an upstream may take to accept a connection. */
const CONNECT_TIMEOUT_MS = 1_000;
/** How long an answer counts: probes of many balancers must not add up. */
const KEPT_MS = 2_000;

/**
 * Finds the upstreams of routes none of whose upstreams accepts a connection. Asks at most once in two seconds, however
 * often it is called.
 */
export function createReachability(
  routes: () => readonly (readonly URL[])[],
): () => Promise<readonly string[]> {
  let last: Promise<readonly string[]> | undefined;
  let askedAt = 0;
  return () => {
    const now = performance.now();
    if (last === undefined || now - askedAt >= KEPT_MS) {
      askedAt = now;
      last = findUnreachable(routes());
    }
    return last;
  };
}

async function findUnreachable(routes: readonly (readonly URL[])[]): Promise<readonly string[]> {
  const urls = new Map(routes.flat().map((url) => [url.origin, url]));
  const accepting = new Set<string>();
  await Promise.all(
    [...urls].map(async ([origin, url]) => {
      if (await accepts(url)) accepting.add(origin);
    }),
  );
  const lost = routes.filter((upstreams) => !upstreams.some(({ origin }) => accepting.has(origin)));
  return [...new Set(lost.flat().map(({ origin }) => origin))];
}

function accepts({ protocol, hostname, port }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port: Number(port || (protocol === 'https:' ? 443 : 80)) });
    const end = (reached: boolean) => () => {
      socket.destroy();
      resolve(reached);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, end(false));
    socket.once('connect', end(true));
    socket.once('error', end(false));
  });
}
