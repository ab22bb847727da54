import { runConfinement, runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

runProxyVectors('cloudflare-worker');
runProxyBehaviour('cloudflare-worker');
runRouteBehaviour('cloudflare-worker');
runConfinement('cloudflare-worker', true);
runProxyJourneys('cloudflare-worker');
