import { runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

runProxyVectors('nginx');
runProxyBehaviour('nginx');
runRouteBehaviour('nginx');
runProxyJourneys('nginx');
