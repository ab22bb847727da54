import { createHttp2Carrier } from './http2.js';
import { runVectors } from './runner.js';

runVectors(createHttp2Carrier());
