import { isInSet, type Tree } from './tree.js';

/** Characters in the order in which samples prefer them. */
const PREFERRED = 'ax1-.:/_';

/**
 * Short texts that an expression is about, one for each way through its choices, up to a number. They match it but for
 * assertions in the middle and for references, so that whoever needs to know asks the expression.
 */
export function samplesOf(tree: Tree, most: number): readonly string[] {
  return [...new Set(textsOf(tree, most))];
}

function textsOf(tree: Tree, most: number): readonly string[] {
  // A dot by itself is most often meant as one.
  if (tree.type === 'set') return [isAny(tree) ? '.' : characterOf(tree)];
  if (tree.type === 'capture') return textsOf(tree.item, most);
  if (tree.type === 'choice')
    return tree.items
      .slice(0, most)
      .flatMap((item) => textsOf(item, most))
      .slice(0, most);
  if (tree.type === 'sequence') {
    let texts: readonly string[] = [''];
    for (const item of tree.items) {
      const next = textsOf(item, most);
      // All of the first way, then the others, each with the first of the rest.
      texts = texts.flatMap((text) => next.map((end) => text + end)).slice(0, most);
      texts = texts.filter((text) => text.length <= MAX_SAMPLE);
    }
    return texts;
  }
  if (tree.type === 'repeat') {
    const once = tree.item.type === 'set' ? [characterOf(tree.item)] : textsOf(tree.item, most);
    const [first = ''] = once;
    if (tree.least > 1) return first.length * tree.least > MAX_SAMPLE ? [] : [first.repeat(tree.least)];
    return tree.least === 1 ? once : ['', ...once].slice(0, most);
  }
  return [''];
}

const MAX_SAMPLE = 400;

function isAny({ ranges, negated }: Tree & { readonly type: 'set' }): boolean {
  return negated && ranges.length === 1 && ranges[0]?.[0] === 10 && ranges[0][1] === 10;
}

function characterOf(set: Tree & { readonly type: 'set' }): string {
  const preferred = [...PREFERRED].find((character) => isInSet(set, character.charCodeAt(0)));
  if (preferred !== undefined) return preferred;
  const [[first] = [97]] = set.negated ? [] : set.ranges;
  return String.fromCharCode(first);
}
