import type { Arrival, DemoExchange } from '../src/exchange.js';

export interface ExchangeFeed {
  readonly exchanges: ReadonlyMap<string, DemoExchange>;
  readonly arrivals: readonly Arrival[];
  /** Resolves once nothing has been told for a while, or the time is up. */
  quiet(quietMs: number, timeoutMs: number): Promise<void>;
}

/** Follows the demo's feed of recorded exchanges; resolves when it has begun. */
export async function openFeed(onChange: () => void): Promise<ExchangeFeed> {
  const exchanges = new Map<string, DemoExchange>();
  const arrivals: Arrival[] = [];
  const source = new EventSource('/exchanges');
  let onTold: () => void = () => undefined;
  const listen = (event: string, take: (data: string) => void) =>
    source.addEventListener(event, ({ data }) => {
      take(data);
      onTold();
      onChange();
    });

  listen('exchange', (data) => {
    const exchange = JSON.parse(data) as DemoExchange;
    exchanges.set(`${exchange.via}-${exchange.id}`, exchange);
  });
  listen('arrival', (data) => {
    arrivals.push(JSON.parse(data) as Arrival);
  });
  await new Promise<void>((resolve) => {
    source.addEventListener('ready', () => resolve(), { once: true });
  });

  return {
    exchanges,
    arrivals,
    quiet: (quietMs, timeoutMs) =>
      new Promise((resolve) => {
        const finish = () => {
          clearTimeout(silence);
          clearTimeout(limit);
          onTold = () => undefined;
          resolve();
        };
        const limit = setTimeout(finish, timeoutMs);
        let silence = setTimeout(finish, quietMs);
        onTold = () => {
          clearTimeout(silence);
          silence = setTimeout(finish, quietMs);
        };
      }),
  };
}
