import { createGatewayCarrier } from './gateway.js';
import { runVectors } from './runner.js';

runVectors(createGatewayCarrier());
