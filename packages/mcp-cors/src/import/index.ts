export type { Conduct, Enforced, EnforcedOrigin, EnforcedPart } from './enforced.js';
export type { Hole } from './holes.js';
export {
  formats,
  ImportError,
  type ImportErrorCode,
  type Imported,
  type ImportedPlace,
  type ImportOptions,
  importPolicy,
} from './import.js';
export type { Unread } from './reader.js';
