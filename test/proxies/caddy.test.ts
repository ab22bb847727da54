import { runConfinement, runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

runProxyVectors('caddy');
runProxyBehaviour('caddy');
runRouteBehaviour('caddy');
runConfinement('caddy');
runProxyJourneys('caddy');
