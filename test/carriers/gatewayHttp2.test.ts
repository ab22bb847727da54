import { createGatewayHttp2Carrier } from './gateway.js';
import { runVectors } from './runner.js';

runVectors(createGatewayHttp2Carrier());
