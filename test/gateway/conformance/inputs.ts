import { randomBytes } from 'node:crypto';
import {
  acceptedContent,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';

/** Seals what a round leaves to the next. */
export const requestStates = createRequestStateCodec({ key: randomBytes(32) });

const ask = (message: string, field: 'name' | 'color' | 'context') =>
  inputRequired.elicit({ message, requestedSchema: z.object({ [field]: z.string() }) });
const confirm = () =>
  inputRequired.elicit({ message: 'Please confirm', requestedSchema: z.object({ ok: z.boolean() }) });
const sample = (text: string, maxTokens: number) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens });

const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] });

/** Tools that need something of the client before they can answer, by what they ask and how they go on. */
interface Inputs {
  readonly requests: (context: ServerContext) => InputRequests;
  /** What the state of the first round is; undefined for none. */
  readonly state?: string;
  readonly answer: (context: ServerContext) => CallToolResult;
}

const TOOLS: Readonly<Record<string, Inputs>> = {
  test_input_required_result_elicitation: {
    requests: () => ({ user_name: ask('What is your name?', 'name') }),
    answer: ({ mcpReq }) =>
      text(
        `Hello, ${acceptedContent(mcpReq.inputResponses, 'user_name', z.object({ name: z.string() }))?.name}!`,
      ),
  },
  test_input_required_result_sampling: {
    requests: () => ({ capital_question: sample('What is the capital of France?', 100) }),
    answer: ({ mcpReq }) => text(JSON.stringify(inputResponse(mcpReq.inputResponses, 'capital_question'))),
  },
  test_input_required_result_list_roots: {
    requests: () => ({ client_roots: inputRequired.listRoots() }),
    answer: ({ mcpReq }) => text(JSON.stringify(inputResponse(mcpReq.inputResponses, 'client_roots'))),
  },
  test_input_required_result_request_state: {
    requests: () => ({ confirm: confirm() }),
    state: 'asked',
    answer: ({ mcpReq }) => text(mcpReq.requestState() === 'asked' ? 'state-ok' : 'state-lost'),
  },
  test_input_required_result_tampered_state: {
    requests: () => ({ confirm: confirm() }),
    state: 'asked',
    answer: () => text('state-ok'),
  },
  test_input_required_result_multiple_inputs: {
    requests: () => ({
      user_name: ask('What is your name?', 'name'),
      greeting: sample('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    }),
    state: 'asked',
    answer: () => text('all there'),
  },
  test_input_required_result_capabilities: {
    requests: ({ mcpReq }) => {
      const envelope: Readonly<Record<string, unknown>> = { ...mcpReq.envelope };
      const can = Object(envelope[CLIENT_CAPABILITIES_META_KEY]) as object;
      return {
        ...('sampling' in can ? { sampled: sample('What is the capital of France?', 100) } : {}),
        ...('elicitation' in can ? { asked: ask('What is your name?', 'name') } : {}),
      };
    },
    answer: () => text('all there'),
  },
  // The SDK asks no client for what it did not declare, and says so.
  test_missing_capability: {
    requests: () => ({ sampled: sample('What is the capital of France?', 100) }),
    answer: () => text('all there'),
  },
  test_streaming_elicitation: {
    requests: () => ({ user_name: ask('What is your name?', 'name') }),
    answer: () => text('all there'),
  },
};

/** Adds them, one with two rounds, and a prompt. */
export function registerInputs(server: McpServer): void {
  for (const [name, { requests, state, answer }] of Object.entries(TOOLS)) {
    server.registerTool(name, { description: `The suite's ${name}` }, async (context) => {
      const asked = requests(context);
      if (isAnswered(asked, context)) return answer(context);
      const requestState = state === undefined ? undefined : await requestStates.mint(state, context);
      return inputRequired({ inputRequests: asked, ...(requestState === undefined ? {} : { requestState }) });
    });
  }
  server.registerTool(
    'test_input_required_result_multi_round',
    { description: 'Asks twice' },
    async (context) => {
      const steps: readonly InputRequests[] = [
        { step1: ask('Step 1: What is your name?', 'name') },
        { step2: ask('Step 2: What is your favorite color?', 'color') },
      ];
      const done = context.mcpReq.requestState<number>() ?? 0;
      const before = steps[done - 1];
      const next = before !== undefined && !isAnswered(before, context) ? done - 1 : done;
      const inputRequests = steps[next];
      if (inputRequests === undefined) return text('both there');
      return inputRequired({ inputRequests, requestState: await requestStates.mint(next + 1, context) });
    },
  );
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks before it speaks' },
    (context) => {
      const asked = { user_context: ask('What context should the prompt use?', 'context') };
      if (!isAnswered(asked, context)) return inputRequired({ inputRequests: asked });
      const given = acceptedContent(context.mcpReq.inputResponses, 'user_context');
      return { messages: [{ role: 'user', content: { type: 'text', text: JSON.stringify(given) } }] };
    },
  );
  registerTriggers(server);
}

/** Tools that change what the server has, for those who listen. */
function registerTriggers(server: McpServer): void {
  server.registerTool('test_trigger_tool_change', { description: 'Tells of other tools' }, () => {
    server.sendToolListChanged();
    return text('told');
  });
  server.registerTool('test_trigger_prompt_change', { description: 'Tells of other prompts' }, () => {
    server.sendPromptListChanged();
    return text('told');
  });
}

function isAnswered(requests: InputRequests, { mcpReq }: ServerContext): boolean {
  return Object.keys(requests).every((key) => inputResponse(mcpReq.inputResponses, key).kind !== 'missing');
}
