import { runConfinement, runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

runProxyVectors('apache');
runProxyBehaviour('apache');
runRouteBehaviour('apache');
runConfinement('apache');
runProxyJourneys('apache');
