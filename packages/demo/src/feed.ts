import type { ServerResponse } from 'node:http';
import type { Arrival, DemoExchange } from './exchange.js';

export interface Feed {
  /** Tells every page of the exchange's origin about it. */
  publish(exchange: DemoExchange): void;
  /** Tells every page that a request has reached the server. */
  arrive(arrival: Arrival): void;
  /** Answers a request of a page with the events of its origin until either side ends it. */
  subscribe(origin: string, response: ServerResponse): void;
}

/** The live feed of exchanges behind the picture, as server-sent events. */
export function createFeed(): Feed {
  const subscribers = new Map<ServerResponse, string>();

  const send = (response: ServerResponse, event: string, data: unknown) =>
    response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

  return {
    publish(exchange) {
      for (const [response, origin] of subscribers) {
        if (exchange.origin === origin) send(response, 'exchange', exchange);
      }
    },
    arrive(arrival) {
      for (const response of subscribers.keys()) send(response, 'arrival', arrival);
    },
    subscribe(origin, response) {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      send(response, 'ready', {});
      subscribers.set(response, origin);
      response.once('close', () => subscribers.delete(response));
    },
  };
}
