import { createNodeCarrier } from './carriers.js';
import { runVectors } from './runner.js';

runVectors(createNodeCarrier());
