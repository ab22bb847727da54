import { runProxyBehaviour } from './behaviour.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

runProxyVectors('fastapi');
runProxyBehaviour('fastapi');
runProxyJourneys('fastapi');
