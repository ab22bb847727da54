export { type Demo, type DemoOptions, startDemo } from './demo.js';
export type { DemoDescription, PageRole, Target } from './description.js';
export type { Arrival, DemoExchange, RecordedExchange, Via } from './exchange.js';
export { type Listening, listen } from './listening.js';
export { createMcpServer, type McpServerApp, type McpServerHooks } from './mcpServer.js';
export { recordExchanges } from './recorder.js';
