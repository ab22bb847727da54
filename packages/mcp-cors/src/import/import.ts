import { nearestName, type Revision, type StaticPolicyConfig } from '../policy/index.js';
import type { Enforced } from './enforced.js';
import { findHoles, type Hole, sortHoles } from './holes.js';
import { policyOf } from './policyOf.js';
import { MAX_FILE_LENGTH, type Reader, type Unread } from './reader.js';
import { READERS } from './readers.js';

/** A place in a file that answers for CORS: what it enforces, what is wrong with that, and what to put in its place. */
export interface ImportedPlace {
  readonly enforced: Enforced;
  /** Errors first, each by its line. */
  readonly holes: readonly Hole[];
  /** undefined when it names no page that a policy may name. */
  readonly policy: StaticPolicyConfig | undefined;
}

/** What a file says about CORS. */
export interface Imported {
  /** The name of the reader. */
  readonly format: string;
  readonly places: readonly ImportedPlace[];
  readonly unread: readonly Unread[];
  /** Whether mcp-cors render says to have written it; then the policy that it was made from says more than the file. */
  readonly rendered: boolean;
}

export interface ImportOptions {
  /** The name of the file, by which its format is told. */
  readonly file?: string | undefined;
  /** The name of a reader, where the format is known. */
  readonly format?: string | undefined;
  /** The MCP revisions that the server speaks. Default all. */
  readonly revisions?: readonly Revision[] | undefined;
}

/** Stable codes of what cannot be imported. */
export type ImportErrorCode = 'format-unknown' | 'format-not-told' | 'format-refused' | 'file-too-long';

/** Says why a file is not read at all. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code: ImportErrorCode;
  readonly remedy: string;

  constructor(code: ImportErrorCode, message: string, remedy: string) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

/** The formats that can be read. */
export function formats(): readonly Pick<Reader, 'name' | 'title'>[] {
  return READERS.map(({ name, title }) => ({ name, title }));
}

/**
 * Reads what a configuration or a source really enforces about CORS, and finds its holes. Runs nothing of it.
 *
 * @throws {ImportError} when the format is not known or cannot be told, or the text is longer than 4 million characters.
 */
export function importPolicy(text: string, options: ImportOptions = {}): Imported {
  const { file = '', revisions } = options;
  if (text.length > MAX_FILE_LENGTH) {
    throw new ImportError(
      'file-too-long',
      `the file has ${text.length} characters, and at most ${MAX_FILE_LENGTH} are read`,
      'Give the part of it that is about CORS.',
    );
  }
  const reader = options.format === undefined ? tellReader(file, text) : findReader(options.format);
  const refusal = reader.refuse?.(text);
  if (refusal !== undefined) throw new ImportError('format-refused', refusal.message, refusal.remedy);
  const { places, unread } = reader.read(text);
  return {
    format: reader.name,
    places: places.map(({ enforced, holes }) => ({
      enforced,
      holes: sortHoles([
        ...holes.map((hole) => ({ ...hole, subject: hole.subject })),
        ...findHoles(enforced, revisions),
      ]),
      policy: policyOf(enforced),
    })),
    unread,
    rendered: /^\W{0,4}An mcp-cors policy for /.test(text.slice(0, 200)),
  };
}

function findReader(name: string): Reader {
  const found = READERS.find((reader) => reader.name === name);
  if (found !== undefined) return found;
  const names = READERS.map((reader) => reader.name);
  const near = nearestName(name, names);
  throw new ImportError(
    'format-unknown',
    `there is no format ${JSON.stringify(name)}`,
    near === undefined ? `Use one of ${names.join(', ')}.` : `Did you mean ${near}?`,
  );
}

function tellReader(file: string, text: string): Reader {
  const claims = READERS.map((reader) => ({ reader, claim: reader.claim(file, text) }));
  const [best] = claims.filter(({ claim }) => claim > 0).sort((a, b) => b.claim - a.claim);
  if (best !== undefined) return best.reader;
  throw new ImportError(
    'format-not-told',
    'the format of the file cannot be told',
    `Name it: ${READERS.map(({ name }) => name).join(', ')}.`,
  );
}
