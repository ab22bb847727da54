import { runProxyBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

runProxyVectors('starlette-middleware');
runProxyBehaviour('starlette-middleware');
runProxyJourneys('starlette-middleware');
