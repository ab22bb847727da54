import type { RequestHead } from 'mcp-cors';
import { render } from 'mcp-cors/render';
import { describeSameDecisions, POLICIES } from '../sameDecisions.js';
import { describeGo } from './describe.js';
import { buildModule, goSource, listOfPackages, runGo, withModule } from './toolchain.js';

const packages = POLICIES.map((policy) => ({
  'mcpcors.go': render('go', policy),
  'ask.go': goSource('ask.go'),
}));
const main = {
  'questions.go': goSource('questions.go'),
  'asks.go': listOfPackages(POLICIES.length, 'asks', 'func(string, []json.RawMessage) any', 'Ask'),
};

function asGo({ scheme = 'http', loopback = true, ...given }: RequestHead): object {
  return { ...given, scheme, loopback };
}

/** Go takes bytes as base64, and everything else as it is. */
function argument(value: unknown): unknown {
  const isBytes = Array.isArray(value) && value.every((one) => Array.isArray(one));
  return isBytes ? value.map((bytes: number[]) => Buffer.from(bytes).toString('base64')) : value;
}

describeGo("Go's decisions", () => {
  describeSameDecisions({
    language: 'Go',
    ask: (questions) =>
      withModule((folder) => {
        buildModule(folder, main, packages);
        const asked = questions.map(([policy, what, ...args]) => [policy, what, ...args.map(argument)]);
        return JSON.parse(runGo(folder, [`${folder}/server`], { input: JSON.stringify(asked) }));
      }),
    headOf: asGo,
    // What passes has no reason there.
    reasonOf: (outcome, reason) => (outcome === 'deny' ? reason : ''),
  });
});
