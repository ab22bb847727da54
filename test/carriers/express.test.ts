import { createExpressCarrier } from './carriers.js';
import { runVectors } from './runner.js';

runVectors(createExpressCarrier());
