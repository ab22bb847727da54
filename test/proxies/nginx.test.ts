import { runProxyBehaviour, runRouteBehaviour } from './behaviour.js';
import { runProxyVectors } from './runner.js';

runProxyVectors('nginx');
runProxyBehaviour('nginx');
runRouteBehaviour('nginx');
