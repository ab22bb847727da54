import { createKoaCarrier } from './koa.js';
import { runVectors } from './runner.js';

runVectors(createKoaCarrier());
