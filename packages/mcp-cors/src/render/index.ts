export { RenderError, type RenderErrorCode } from './errors.js';
export type { Limit } from './limits.js';
export {
  limitsOf,
  type RenderOptions,
  type RenderRoute,
  render,
  type TargetFacts,
  targets,
} from './render.js';
