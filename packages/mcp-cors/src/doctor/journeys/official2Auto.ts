import { isRecord } from '../messages.js';
import type { HeaderTemplate, JourneyPlan, Memory, Reaction, Seen, StepPlan } from '../walk.js';
import { isRefusal, notSent, reactToFailure, readResult, toolsListed } from './reactions.js';
import { CLIENT_INFO, callOf, streamableSteps } from './streamable.js';

/** The revision that the client begins with. */
export const MODERN_VERSION = '2026-07-28';

/** What every request of the revision says in its body; the headers repeat it. */
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
  'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request with what the revision wants in every body. */
export function modernMessage(message: { readonly method: string; readonly params?: object }): object {
  return { ...message, params: { ...message.params, _meta: META } };
}

function modernStep(
  method: string,
  rest: Pick<StepPlan, 'react'> & { readonly effect?: boolean; readonly nameHeader?: HeaderTemplate },
  message: (memory: Memory) => { readonly method: string; readonly params?: object },
): StepPlan {
  const { nameHeader, ...others } = rest;
  return {
    name: method,
    method: 'POST',
    headers: [
      ['mcp-protocol-version', MODERN_VERSION],
      ['mcp-method', method],
      ...(nameHeader === undefined ? [] : [nameHeader]),
      ['content-type', 'application/json'],
      ['accept', 'application/json, text/event-stream'],
    ],
    body: (memory) => modernMessage(message(memory)),
    ...others,
  };
}

/** The steps of a client of 2026-07-28: no session, no stream of its own. */
const MODERN_STEPS: readonly StepPlan[] = [
  modernStep('tools/list', { react: toolsListed }, () => ({ method: 'tools/list' })),
  modernStep('tools/call', { react: notSent, effect: true, nameHeader: ['mcp-name', '{toolName}'] }, callOf),
];

function fallBack(note: string): Reaction {
  return {
    ok: true,
    outcome: 'fallback',
    note: `${note}: the client falls back`,
    instead: streamableSteps(),
  };
}

async function discovered(seen: Seen): Promise<Reaction> {
  const { blocked, failure, response, memory } = seen;
  if (blocked !== undefined && failure === undefined) {
    return fallBack('a blocked fetch tells the page nothing but TypeError');
  }
  if (response?.type === 'opaqueredirect') return fallBack('redirected');
  const stopped = reactToFailure(seen);
  if (stopped !== undefined) return memory.tokenWanted ? { ...stopped, instead: MODERN_STEPS } : stopped;
  const status = response?.status ?? 0;
  const result = await readResult(seen);
  if (!isRefusal(result)) {
    const versions = isRecord(result.result) ? result.result.supportedVersions : undefined;
    if (!Array.isArray(versions) || !versions.includes(MODERN_VERSION)) {
      return fallBack(`the server does not speak ${MODERN_VERSION}`);
    }
    memory.protocolVersion = MODERN_VERSION;
    return { ok: true, instead: MODERN_STEPS };
  }
  if (status === 403 || status >= 500) return result;
  return fallBack(`the server does not speak ${MODERN_VERSION}`);
}

/** `@modelcontextprotocol/client` 2.x in mode `auto`: asks for 2026-07-28 first. */
export const OFFICIAL_2_AUTO: JourneyPlan = {
  client: 'official-2-auto',
  about: 'the official client 2.x in mode "auto"',
  steps: [modernStep('server/discover', { react: discovered }, () => ({ method: 'server/discover' }))],
  alternatives: [
    { when: `when the server speaks ${MODERN_VERSION}`, steps: MODERN_STEPS },
    { when: 'when it falls back', steps: streamableSteps() },
  ],
};
