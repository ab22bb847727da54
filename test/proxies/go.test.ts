import { runProxyBehaviour } from './behaviour.js';
import { describeGo } from './go/describe.js';
import { runProxyJourneys } from './journeys.js';
import { runProxyVectors } from './runner.js';

describeGo('go', () => {
  runProxyVectors('go');
  runProxyBehaviour('go');
  runProxyJourneys('go');
});
