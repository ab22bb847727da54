import type { Limit } from './limits.js';

/** Stable codes of what `render` refuses. */
export type RenderErrorCode =
  | 'target-unknown'
  | 'target-weaker'
  | 'routes-not-supported'
  | 'route-invalid'
  | 'upstream-invalid'
  | 'listen-invalid'
  | 'log-invalid'
  | 'name-invalid';

/** Says why a policy is not rendered. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
  readonly code: RenderErrorCode;
  readonly remedy: string;
  /** With `target-weaker`: each limit by which the target would weaken the policy. */
  readonly weakenings: readonly Limit[];

  constructor(code: RenderErrorCode, message: string, remedy: string, weakenings: readonly Limit[] = []) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.weakenings = weakenings;
  }
}
