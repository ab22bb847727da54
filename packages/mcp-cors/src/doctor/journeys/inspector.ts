import type { JourneyPlan } from '../walk.js';
import { streamableSteps } from './streamable.js';

/**
 * The MCP Inspector connecting directly. It hands the client one object of headers and adds two to it at the first
 * fetch, so that every later request carries a Content-Type, GET and DELETE too.
 */
export const INSPECTOR: JourneyPlan = {
  client: 'inspector',
  about: 'the MCP Inspector in direct mode',
  steps: streamableSteps({
    capabilities: { sampling: {}, elicitation: {}, roots: { listChanged: true } },
    onGet: [['content-type', 'application/json']],
    onDelete: [
      ['accept', 'text/event-stream, application/json'],
      ['content-type', 'application/json'],
    ],
  }),
  adds: (own) => {
    const names = own.map(([name]) => name).filter((name) => name.toLowerCase() !== 'authorization');
    return names.length === 0 ? [] : [['x-custom-auth-headers', JSON.stringify(names)]];
  },
};
