import { createPolicyCarrier } from './carriers.js';
import { runVectors } from './runner.js';

runVectors(createPolicyCarrier());
