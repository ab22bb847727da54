import { routesOf } from './envoy/routes.js';
import {
  ADDRESS_SPELLINGS,
  always,
  DEBUG,
  DIRECTORIES,
  type Limit,
  REPORT_ONLY,
  SEALED_SESSIONS,
} from './limits.js';
import type { Plan, Upstream } from './plan.js';
import { ORIGIN_FORWARDED, OWN_PAGES } from './routedLimits.js';
import type { Target } from './target.js';
import { type YamlValue, yaml } from './yaml.js';

const LIMITS: readonly Limit[] = [
  SEALED_SESSIONS,
  DIRECTORIES,
  ADDRESS_SPELLINGS,
  REPORT_ONLY,
  DEBUG,
  OWN_PAGES,
  ORIGIN_FORWARDED,
  {
    id: 'bare-targets',
    weakens: false,
    concerns: always,
    what: 'A request whose target is no path gets 404, or a refusal of the parser, without a reason.',
    why: 'No route takes it.',
    instead: 'Nothing: no browser and no MCP client sends it.',
  },
  {
    id: 'repeated-vary',
    weakens: false,
    concerns: ({ origins }) => !origins.any,
    what: 'Origin stands in Vary twice where the server names it too.',
    why: 'Values are added without a look at what is there.',
    instead: 'Nothing: it means the same.',
  },
  {
    id: 'long-lists',
    weakens: false,
    concerns: always,
    what: 'Requested lists are not bounded by their length, but by the size of a request head.',
    why: 'Expressions count to a thousand.',
    instead: 'Nothing: the engine matches in linear time.',
  },
  {
    id: 'many-origins',
    weakens: false,
    concerns: ({ origins }) => origins.exact.length > 64,
    what: 'The configuration is large: each origin stands in it many times.',
    why: 'A route knows nothing of what the one before it found out.',
    instead: 'Use patterns, or put the gateway in front (mcp-cors gateway).',
  },
];

/** Envoy, by a static bootstrap; its routes make the checks, since its CORS filter lets denied origins through. */
export const ENVOY: Target = Object.freeze({
  name: 'envoy',
  title: 'Envoy 1.28 or later',
  file: 'envoy.yaml',
  type: 'proxy',
  comment: '#',
  limits: LIMITS,
  use: () => [
    'A whole bootstrap. Try it with: envoy --mode validate -c envoy.yaml',
    'The CORS filter is not used: it refuses nothing and sends no Vary. The routes make the checks, the first that',
    'matches answers.',
  ],
  render: (plan) => yaml(bootstrap(plan)),
} satisfies Target);

function bootstrap(plan: Plan): YamlValue {
  const { host, port } = plan.listen;
  return {
    static_resources: {
      listeners: [
        {
          name: plan.name,
          address: address(host, port),
          filter_chains: [{ filters: [{ name: CONNECTIONS, typed_config: connections(plan) }] }],
        },
      ],
      clusters: plan.routes.map(({ upstream }, i) => cluster(`${plan.name}_server_${i + 1}`, upstream)),
    },
    layered_runtime: {
      layers: [
        {
          name: 'regular_expressions',
          // Lists of headers make long expressions; the engine needs linear time for them.
          static_layer: {
            're2.max_program_size.error_level': 10_000_000,
            're2.max_program_size.warn_level': 10_000_000,
          },
        },
      ],
    },
  };
}

const CONNECTIONS = 'envoy.filters.network.http_connection_manager';
const ROUTER = 'envoy.filters.http.router';
const TYPES = 'type.googleapis.com/envoy.extensions';

function connections(plan: Plan): YamlValue {
  return {
    '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: plan.name,
    http_protocol_options: { allow_absolute_url: false, accept_http_10: true },
    // Streams may be quiet for a day.
    stream_idle_timeout: '86400s',
    route_config: {
      name: plan.name,
      virtual_hosts: [{ name: plan.name, domains: ['*'], routes: routesOf(plan) }],
    },
    http_filters: [{ name: ROUTER, typed_config: { '@type': `${TYPES}.filters.http.router.v3.Router` } }],
  };
}

function cluster(name: string, { scheme, host, port }: Upstream): YamlValue {
  return {
    name,
    type: 'STRICT_DNS',
    load_assignment: {
      cluster_name: name,
      endpoints: [
        { lb_endpoints: [{ endpoint: { hostname: `${host}:${port}`, address: address(host, port) } }] },
      ],
    },
    transport_socket:
      scheme === 'http'
        ? undefined
        : {
            name: 'envoy.transport_sockets.tls',
            typed_config: {
              '@type': `${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext`,
              sni: host,
              common_tls_context: {
                validation_context: {
                  trusted_ca: { filename: '/etc/ssl/certs/ca-certificates.crt' },
                  match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: host } }],
                },
              },
            },
          },
  };
}

function address(host: string, port: number): YamlValue {
  return { socket_address: { address: host.replace(/^\[(.*)\]$/, '$1'), port_value: port } };
}
