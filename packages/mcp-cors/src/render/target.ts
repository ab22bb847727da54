import type { Limit } from './limits.js';
import type { Plan } from './plan.js';

/** Something that a policy can be rendered for. */
export interface Target {
  /** As it is given on the command line. */
  readonly name: string;
  /** What it is called, and which version the output is for. */
  readonly title: string;
  /** The name of the file that the output belongs into. */
  readonly file: string;
  /** `proxy`: stands in front of servers, with routes; `middleware`: stands in an application, with one policy. */
  readonly type: 'proxy' | 'middleware';
  /** What begins a comment that ends with its line. */
  readonly comment: string;
  /** What is printed at the top of the output, what `render` refuses for, and what the tests excuse by. */
  readonly limits: readonly Limit[];
  /** The lines at the top that say where the output goes and how it is tried, without comment signs. */
  readonly use: (plan: Plan) => readonly string[];
  /** The output without its head: pure and deterministic. Every value goes through the target's own quoting. */
  readonly render: (plan: Plan) => string;
}
