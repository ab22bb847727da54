import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { createPolicy, type StaticPolicyConfig } from 'mcp-cors';
import { mcpCors as mcpCorsExpress } from 'mcp-cors/express';
import { mcpCors as mcpCorsNode } from 'mcp-cors/node';
import { APPLICATION_CORS, type Application, createApplication } from './application.js';
import { headOf } from './requestHead.js';
import type { CarrierName, Line, VectorRequest } from './vectors.js';
import { exchange } from './wire.js';

/** What a carrier made of a request. */
export interface Answer {
  /** undefined when the policy leaves it to the application. */
  readonly status: number | undefined;
  readonly lines: readonly Line[];
  readonly body: string;
  /** How many requests the application got to see: none or one. */
  readonly reached: number;
  /** The reason, where the carrier tells it. */
  readonly reason: string | undefined;
  /** In report-only mode, where the carrier tells it: the reason of the denial that was not enforced. */
  readonly wouldDeny: string | undefined;
}

/** Anything that applies a policy, as a vector meets it. */
export interface Carrier {
  readonly name: CarrierName;
  /** The carriers to all of which a vector must be shown for this one to see it, where they are not itself alone. */
  readonly shownLike?: readonly CarrierName[];
  /** Whether responses come over a socket, from an application with headers of its own. */
  readonly onSocket: boolean;
  answer(policy: StaticPolicyConfig, request: VectorRequest): Promise<Answer>;
  /** How many requests have reached an application so far, those that came after their answer included. */
  reached(): number;
  close(): Promise<void>;
}

/** The policy itself, without anything around it. Also holds it to its word: frozen and repeatable. */
export function createPolicyCarrier(): Carrier {
  let count = 0;
  return {
    name: 'policy',
    onSocket: false,
    close: async () => {},
    reached: () => count,
    answer: async (config, request) => {
      const policy = createPolicy(config);
      const head = headOf(request);
      const decision = policy.decide(head);
      if (!Object.isFrozen(decision) || !Object.isFrozen(decision.headers)) {
        throw new Error('the decision is not frozen');
      }
      if (JSON.stringify(decision) !== JSON.stringify(createPolicy(config).decide(head))) {
        throw new Error('the decision depends on what was decided before');
      }
      const reached = decision.outcome === 'pass' ? 1 : 0;
      count += reached;
      return {
        status: decision.status,
        lines: decision.vary === '' ? decision.headers : [...decision.headers, ['Vary', decision.vary]],
        body: decision.body ?? '',
        reached,
        reason: decision.reason,
        wouldDeny: decision.wouldDeny?.reason,
      };
    },
  };
}

/** A server that applies a policy in front of an application. */
export interface Served {
  readonly port: number;
  close(): Promise<void>;
}

/** A carrier that answers on sockets: one server for each policy, started when it is first needed. */
export function createSocketCarrier(
  name: CarrierName,
  serve: (policy: StaticPolicyConfig, application: Application) => Promise<Served>,
  send: typeof exchange = exchange,
): Carrier {
  const servers = new Map<string, { readonly application: Application; readonly served: Promise<Served> }>();
  return {
    name,
    onSocket: true,
    async answer(policy, { method, target, headers }) {
      const key = JSON.stringify(policy);
      let server = servers.get(key);
      if (server === undefined) {
        const application = createApplication();
        server = { application, served: serve(policy, application) };
        servers.set(key, server);
      }
      const { port } = await server.served;
      const before = server.application.reached();
      const response = await send(port, method, target, headers);
      return {
        ...response,
        reached: server.application.reached() - before,
        reason: reasonOf(response.body),
        wouldDeny: undefined,
      };
    },
    reached: () => [...servers.values()].reduce((sum, { application }) => sum + application.reached(), 0),
    async close() {
      await Promise.all([...servers.values()].map(async ({ served }) => (await served).close()));
    },
  };
}

/** The reason in the body of a denial. */
export function reasonOf(body: string): string | undefined {
  if (!body.startsWith('{')) return undefined;
  const message = JSON.parse(body) as { readonly error?: { readonly data?: { readonly reason?: string } } };
  return message.error?.data?.reason;
}

/** Serves on a free loopback port. */
export async function listen(listener: RequestListener): Promise<Served> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A `node:http` server whose listener is wrapped. */
export function createNodeCarrier(): Carrier {
  return createSocketCarrier('node', (policy, { listener }) => listen(mcpCorsNode(policy)(listener)));
}

/** An Express application with the middleware before everything but one, which has said its own about CORS by then. */
export function createExpressCarrier(): Carrier {
  return createSocketCarrier('express', (policy, { listener }) => {
    const app = express();
    app.use((_, response, next) => {
      for (const [name, value] of APPLICATION_CORS) response.setHeader(name, value);
      next();
    });
    app.use(mcpCorsExpress(policy));
    app.use(listener);
    return listen(app);
  });
}
