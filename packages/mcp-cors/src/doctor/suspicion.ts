import type { Witness } from './evidence.js';
import type { FindingId } from './findings.js';
import type { Target } from './reach.js';
import type { Severity } from './report.js';
import type { Survey } from './survey.js';
import type { Walked } from './walk.js';

/** A fault as it was seen, before it is put into words. */
export interface Suspicion {
  readonly id: FindingId;
  /** What was sent and received; a sentence where nothing was. */
  readonly witness: Witness | string;
  /** The sentence on the browser's console. */
  readonly console?: string | undefined;
  /** What is special about it: the header, the status, the tools. */
  readonly detail?: string | undefined;
  /** In place of the table's, where the circumstances make it less. */
  readonly severity?: Severity | undefined;
}

/** All that was seen of a server by the page of one origin. */
export interface Observation {
  readonly origin: string;
  readonly target: Target;
  readonly walked: readonly Walked[];
  readonly survey: Survey;
  /** Whether pages of other origins that were checked are allowed. */
  readonly othersAllowed: boolean;
  /** What the server speaks with a browser; undefined when that is not known. */
  readonly protocol: 'h2' | 'http/1.1' | undefined;
  /** Names of the page's own headers, in lower case. */
  readonly ownHeaders: ReadonlySet<string>;
}
