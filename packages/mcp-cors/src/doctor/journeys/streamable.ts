import type { HeaderTemplate, Memory, StepPlan } from '../walk.js';
import { accepted, initialized, notSent, sessionEnded, streamOpened, toolsListed } from './reactions.js';

/** How the doctor calls itself. */
export const CLIENT_INFO = Object.freeze({ name: 'mcp-cors-doctor', version: '1' });

/** The newest revision before 2026-07-28, which official clients offer in `initialize`. */
export const LEGACY_VERSION = '2025-11-25';

/** What an official client sends on every request of a session. */
const SESSION: readonly HeaderTemplate[] = [
  ['mcp-session-id', '{sessionId}'],
  ['mcp-protocol-version', '{protocolVersion}'],
];
const JSON_BODY: readonly HeaderTemplate[] = [
  ['content-type', 'application/json'],
  ['accept', 'application/json, text/event-stream'],
];

/** In what clients on the same transport differ. */
export interface StreamableTraits {
  readonly capabilities?: object;
  /** Headers that it also sends on GET and DELETE. */
  readonly onGet?: readonly HeaderTemplate[];
  readonly onDelete?: readonly HeaderTemplate[];
}

/** A tool's call: never sent, so that the name is the only thing about it that matters. */
export function callOf({ toolName = 'a-tool' }: Memory): {
  readonly method: string;
  readonly params: object;
} {
  return { method: 'tools/call', params: { name: toolName, arguments: {} } };
}

/** The steps of a Streamable HTTP client of the revisions up to 2025-11-25. */
export function streamableSteps(traits: StreamableTraits = {}): readonly StepPlan[] {
  const { capabilities = {}, onGet = [], onDelete = [] } = traits;
  return [
    {
      name: 'initialize',
      method: 'POST',
      headers: JSON_BODY,
      body: () => ({
        method: 'initialize',
        params: { protocolVersion: LEGACY_VERSION, capabilities, clientInfo: CLIENT_INFO },
      }),
      react: initialized,
    },
    {
      name: 'notifications/initialized',
      method: 'POST',
      headers: [...SESSION, ...JSON_BODY],
      body: () => ({ method: 'notifications/initialized' }),
      react: accepted,
    },
    {
      name: 'open the stream',
      method: 'GET',
      headers: [...SESSION, ...onGet, ['accept', 'text/event-stream']],
      when: ({ accepted, tokenWanted }) => accepted === true || tokenWanted === true,
      react: streamOpened,
    },
    {
      name: 'tools/list',
      method: 'POST',
      headers: [...SESSION, ...JSON_BODY],
      body: () => ({ method: 'tools/list' }),
      react: toolsListed,
    },
    {
      name: 'tools/call',
      method: 'POST',
      headers: [...SESSION, ...JSON_BODY],
      body: callOf,
      effect: true,
      react: notSent,
    },
    {
      name: 'end the session',
      method: 'DELETE',
      headers: [...SESSION, ...onDelete],
      when: ({ sessionId }) => sessionId !== undefined,
      react: sessionEnded,
    },
  ];
}
