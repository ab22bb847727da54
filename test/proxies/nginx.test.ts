import { runProxyVectors } from './runner.js';

runProxyVectors('nginx');
