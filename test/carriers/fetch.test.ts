import { createFetchCarrier } from './fetch.js';
import { runVectors } from './runner.js';

runVectors(createFetchCarrier());
