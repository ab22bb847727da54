import { APACHE } from './apache.js';
import { ASPNET } from './aspnet.js';
import { CADDY } from './caddy.js';
import { CLOUDFLARE_WORKER } from './cloudflareWorker.js';
import { ENVOY } from './envoy.js';
import { EXPRESS } from './express.js';
import { FASTAPI } from './fastapi.js';
import { GATEWAY_API } from './gatewayApi.js';
import { GO } from './go.js';
import { HAPROXY } from './haproxy.js';
import { NGINX } from './nginx.js';
import { SPRING } from './spring.js';
import { STARLETTE_MIDDLEWARE } from './starletteMiddleware.js';
import type { Target } from './target.js';
import { TRAEFIK } from './traefik.js';

/** Every target, in the order of the documentation. */
export const TARGETS: readonly Target[] = Object.freeze([
  NGINX,
  CADDY,
  HAPROXY,
  APACHE,
  ENVOY,
  TRAEFIK,
  GATEWAY_API,
  FASTAPI,
  STARLETTE_MIDDLEWARE,
  SPRING,
  ASPNET,
  GO,
  CLOUDFLARE_WORKER,
  EXPRESS,
]);
