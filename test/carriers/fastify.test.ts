import { createFastifyCarrier } from './fastify.js';
import { runVectors } from './runner.js';

runVectors(createFastifyCarrier());
