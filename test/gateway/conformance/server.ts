import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallToolResult,
  fromJsonSchema,
  McpServer,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { registerInputs, requestStates } from './inputs.js';

/** The smallest PNG, one red pixel, and a WAV file without a sample. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=';
const IMAGE = { type: 'image', data: PNG, mimeType: 'image/png' } as const;

const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] });

type Answer = (context: ServerContext) => CallToolResult | Promise<CallToolResult>;

/** Tools without arguments, as the suite's scenarios describe them. */
const TOOLS: Readonly<Record<string, Answer>> = {
  test_simple_text: () => text('This is a simple text response for testing.'),
  test_image_content: () => ({ content: [IMAGE] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({
    content: [
      {
        type: 'resource',
        resource: {
          uri: 'test://embedded-resource',
          mimeType: 'text/plain',
          text: 'This is an embedded resource content.',
        },
      },
    ],
  }),
  test_multiple_content_types: () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      IMAGE,
      {
        type: 'resource',
        resource: {
          uri: 'test://mixed-content-resource',
          mimeType: 'application/json',
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }),
  test_error_handling: () => {
    throw new Error('This tool intentionally returns an error for testing');
  },
  async test_tool_with_logging({ mcpReq }) {
    await mcpReq.log('info', 'Tool execution started');
    await delay(50);
    await mcpReq.log('info', 'Tool processing data');
    await delay(50);
    await mcpReq.log('info', 'Tool execution completed');
    return text('done');
  },
  async test_logging_tool({ mcpReq }) {
    await mcpReq.log('info', 'heard only by those who ask');
    return text('done');
  },
  async test_tool_with_progress({ mcpReq }) {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        });
      }
      await delay(50);
    }
    return text('done');
  },
  async test_elicitation_sep1034_defaults({ mcpReq }) {
    const { action, content } = await mcpReq.elicitInput({
      message: 'Please look over these values',
      requestedSchema: {
        type: 'object',
        properties: {
          name: { type: 'string', default: 'John Doe' },
          age: { type: 'integer', default: 30 },
          score: { type: 'number', default: 95.5 },
          status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
          verified: { type: 'boolean', default: true },
        },
      },
    });
    return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);
  },
  async test_elicitation_sep1330_enums({ mcpReq }) {
    const titled = ['First', 'Second', 'Third'].map((title, i) => ({ const: `value${i + 1}`, title }));
    const options = ['option1', 'option2', 'option3'];
    const { action, content } = await mcpReq.elicitInput({
      message: 'Please choose',
      requestedSchema: {
        type: 'object',
        properties: {
          untitledSingle: { type: 'string', enum: options },
          titledSingle: { type: 'string', oneOf: titled },
          legacyEnum: {
            type: 'string',
            enum: ['opt1', 'opt2', 'opt3'],
            enumNames: ['Option One', 'Option Two', 'Option Three'],
          },
          untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
          titledMulti: { type: 'array', items: { anyOf: titled } },
        },
      },
    });
    return text(`Elicitation completed: action=${action}, content=${JSON.stringify(content)}`);
  },
};

const RESOURCES = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'This resource can be subscribed to.' },
} as const;

const REGION = { type: 'string', 'x-mcp-header': 'Region' } as const;
const HEADER_SCHEMA = { type: 'object', properties: { region: REGION }, required: ['region'] } as const;

/** A server with everything that the official suite asks a server for, on the official SDK. */
export function createConformanceServer(): McpServer {
  const server = new McpServer(
    { name: 'conformance', version: '1.0.0' },
    {
      capabilities: {
        logging: {},
        completions: {},
        resources: { subscribe: true },
        tools: { listChanged: true },
        prompts: { listChanged: true },
      },
      requestState: { verify: requestStates.verify },
    },
  );
  for (const [name, answer] of Object.entries(TOOLS)) {
    server.registerTool(name, { description: `The suite's ${name}` }, (context) => answer(context));
  }
  server.registerTool(
    'test_sampling',
    { description: 'Asks the client for a sample', inputSchema: z.object({ prompt: z.string() }) },
    async ({ prompt }, { mcpReq }) => {
      const { content } = await mcpReq.requestSampling({
        messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
        maxTokens: 100,
      });
      return text(`LLM response: ${JSON.stringify(content)}`);
    },
  );
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the client for input', inputSchema: z.object({ message: z.string() }) },
    async ({ message }, { mcpReq }) => {
      const { action, content } = await mcpReq.elicitInput({
        message,
        requestedSchema: {
          type: 'object',
          properties: {
            username: { type: 'string', description: "User's response" },
            email: { type: 'string', description: "User's email address" },
          },
          required: ['username', 'email'],
        },
      });
      return text(`User response: ${action}, content: ${JSON.stringify(content)}`);
    },
  );
  server.registerTool(
    'test_header_parameter',
    {
      description: 'Has a parameter that clients send as a header too',
      inputSchema: fromJsonSchema<{ region: string }>(HEADER_SCHEMA),
    },
    ({ region }) => text(region),
  );
  registerInputs(server);
  registerResources(server);
  registerPrompts(server);
  return server;
}

function registerResources(server: McpServer): void {
  for (const [uri, contents] of Object.entries(RESOURCES)) {
    server.registerResource(
      uri.replace('test://', ''),
      uri,
      { description: `The suite's ${uri}`, mimeType: contents.mimeType },
      () => ({ contents: [{ uri, ...contents }] }),
    );
  }
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: "The suite's template", mimeType: 'application/json' },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  );
  for (const method of ['resources/subscribe', 'resources/unsubscribe'] as const) {
    server.server.setRequestHandler(method, () => ({}));
  }
  server.server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
}

function registerPrompts(server: McpServer): void {
  const user = (said: string) => ({ role: 'user', content: { type: 'text', text: said } }) as const;
  server.registerPrompt('test_simple_prompt', { description: 'Says one thing' }, () => ({
    messages: [user('This is a simple prompt for testing.')],
  }));
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Says two things', argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    ({ arg1, arg2 }) => ({ messages: [user(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Shows a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'resource',
            resource: { uri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
          },
        },
        user('Please process the embedded resource above.'),
      ],
    }),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Shows an image' }, () => ({
    messages: [{ role: 'user', content: IMAGE }, user('Please analyze the image above.')],
  }));
}
