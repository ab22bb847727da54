import { createExpress4Carrier } from './express4.js';
import { runVectors } from './runner.js';

runVectors(createExpress4Carrier());
