/** Work that can be left off between its parts: it yields after each. */
export type InParts<T> = Generator<undefined, T, undefined>;

/** How many entries of a list make a part: well under a millisecond of work. */
export const PART_ENTRIES = 128;

/** Does work in one go. */
export function atOnce<T>(work: InParts<T>): T {
  let step = work.next();
  while (step.done !== true) step = work.next();
  return step.value;
}

/** Does work part by part. Between two parts, `pause` may give a promise that is waited for. */
export async function inParts<T>(work: InParts<T>, pause: () => Promise<void> | undefined): Promise<T> {
  let step = work.next();
  while (step.done !== true) {
    await pause();
    step = work.next();
  }
  return step.value;
}
