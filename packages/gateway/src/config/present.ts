import type { JsonSchema } from 'mcp-cors/schema';
import type { GatewayIssue } from '../errors.js';
import { checkKeys, isObject, issue, shown } from './reading.js';

/** What an upstream sees of a page and of the name that it was reached at. */
export interface PresentConfig {
  /** The page's origin: left out, passed on, or this one in its place where there is one. Default `drop`. */
  readonly origin?: string | undefined;
  /** The upstream's own host and port, the client's, or this one. Default `upstream`. */
  readonly host?: string | undefined;
  /** `Sec-Fetch-*`: left out or passed on. Default `drop`. */
  readonly fetchMetadata?: 'drop' | 'keep' | undefined;
}

/** What an upstream is presented. */
export interface Presentation {
  readonly origin: string;
  readonly host: string;
  readonly fetchMetadata: 'drop' | 'keep';
}

const DEFAULT_PRESENTATION: Presentation = Object.freeze({
  origin: 'drop',
  host: 'upstream',
  fetchMetadata: 'drop',
});

const PRESENT_KEYS = ['origin', 'host', 'fetchMetadata'] as const satisfies readonly (keyof Presentation)[];

/** How each setting is checked: the words it may be, what else it may be, and how to write it. */
const SETTINGS: Readonly<
  Record<
    keyof Presentation,
    { isGood(value: string): boolean; readonly what: string; readonly remedy: string }
  >
> = {
  origin: {
    isGood: (value) => value === 'drop' || value === 'keep' || isOrigin(value),
    what: 'neither drop, keep nor an origin',
    remedy: 'Write drop, keep, or an origin such as https://app.example.com',
  },
  host: {
    isGood: (value) => value === 'upstream' || value === 'keep' || isHost(value),
    what: 'neither upstream, keep nor a host',
    remedy: 'Write upstream, keep, or a host such as localhost:3001',
  },
  fetchMetadata: {
    isGood: (value) => value === 'drop' || value === 'keep',
    what: 'neither drop nor keep',
    remedy: 'Write drop or keep',
  },
};

/** What `present` of a route may hold. */
export const PRESENT_SCHEMA: JsonSchema = {
  description: 'What the server sees of a page and of the name that it was reached at.',
  type: 'object',
  additionalProperties: false,
  properties: {
    origin: {
      description: "The page's origin: drop, keep, or an origin that stands in its place.",
      type: 'string',
      default: DEFAULT_PRESENTATION.origin,
      pattern: '^(drop|keep)$|^https?://|\\$\\{',
      examples: ['drop', 'keep', 'https://app.example.com'],
    },
    host: {
      description: "The Host that the server sees: upstream for its own, keep for the client's, or a name.",
      type: 'string',
      default: DEFAULT_PRESENTATION.host,
      minLength: 1,
      examples: ['upstream', 'keep', 'localhost:3001'],
    },
    fetchMetadata: {
      description: 'Sec-Fetch-*: drop or keep.',
      type: 'string',
      default: DEFAULT_PRESENTATION.fetchMetadata,
      pattern: '^(drop|keep)$|\\$\\{',
      examples: ['drop', 'keep'],
    },
  } satisfies Record<keyof Presentation, JsonSchema>,
};

/** Reads `present` of a route. */
export function readPresent(value: unknown, place: string, issues: GatewayIssue[]): Presentation {
  if (value === undefined) return DEFAULT_PRESENTATION;
  if (!isObject(value)) {
    issues.push(issue('wrong-type', place, 'present is not an object', 'Write present: { host: keep }'));
    return DEFAULT_PRESENTATION;
  }
  checkKeys(value, PRESENT_KEYS, `${place}.`, issues);
  const presentation: Record<keyof Presentation, string> = { ...DEFAULT_PRESENTATION };
  for (const key of PRESENT_KEYS) {
    const given = value[key];
    if (given === undefined) continue;
    const { isGood, what, remedy } = SETTINGS[key];
    if (typeof given === 'string' && isGood(given)) presentation[key] = given;
    else issues.push(issue('present-syntax', `${place}.${key}`, `${shown(given)} is ${what}`, remedy));
  }
  return Object.freeze(presentation) as Presentation;
}

/** Whether a text is an http or https origin as browsers write it. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && origin === text;
}

function isHost(text: string): boolean {
  return !/[\s/?#@\\]/.test(text) && URL.canParse(`http://${text}`) && text !== '';
}
