import { readFileSync } from 'node:fs';
import type { Vector } from '../carriers/vectors.js';

/** For each limit of a target the vectors, as `file: name`, that it excuses the target from. */
export type Excuses = Readonly<Record<string, readonly string[]>>;

/** The excuses of a target. Its file says that the target is shown the vectors, also where it holds none. */
export function loadExcuses(target: string): Excuses {
  const file = new URL(`excuses/${target}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Excuses;
}

/** How excuses name a vector. */
export function vectorId({ file, name }: Vector): string {
  return `${file}: ${name}`;
}

/** The limit that excuses a target from a vector, or undefined. */
export function excuseOf(excuses: Excuses, vector: Vector): string | undefined {
  const id = vectorId(vector);
  return Object.keys(excuses).find((limit) => excuses[limit]?.includes(id));
}
