import type { HeaderField } from '../../policy/index.js';
import type { AttackContext } from './context.js';
import { askFirst, ping } from './deed.js';
import type { Answer } from './prober.js';

/** A header that no server sends by itself. */
export const PLANTED = 'x-mcp-cors-planted';

/** Spellings of a line end, with what reads them as one. */
const LINE_ENDS: readonly (readonly [name: string, text: string])[] = [
  ['CR LF percent-encoded', '%0d%0a'],
  ['CR LF percent-encoded twice', '%250d%250a'],
  ['a lone CR', '\r'],
  ['a lone LF', '\n'],
  // U+010D U+010A in UTF-8: CR LF to a server that decodes them and keeps the low byte of each character.
  ['letters whose low bytes are CR LF', '\u00c4\u008d\u00c4\u008a'],
];

/** Whether what was planted became a header of the response. */
export function isSplit({ headers }: Pick<Answer, 'headers'>): boolean {
  return headers.some(([name]) => name.trim().toLowerCase() === PLANTED);
}

/** Plants a line end in each value that a server might repeat. */
export async function attackSplitting(context: AttackContext): Promise<void> {
  const { origin, ambient } = context;
  for (const [name, end] of LINE_ENDS) {
    const planted = `${end}${PLANTED}: 1`;
    // White space would end a name in a list, and no server repeats a list with a space in it.
    const inList = `x-a${end}${PLANTED}:1`;
    const page: readonly HeaderField[] = [['origin', origin], ...ambient];
    const tries: readonly (readonly [where: string, answer: Promise<Answer | undefined>])[] = [
      ['Origin', askFirst(context, [['origin', `${origin}${planted}`]])],
      ['Access-Control-Request-Headers', askFirst(context, [['origin', origin]], { names: inList })],
      [
        'Access-Control-Request-Method',
        askFirst(context, [['origin', origin]], { method: `POST${end}${PLANTED}:1` }),
      ],
      ['Mcp-Session-Id', ping(context, page, `a${planted}`)],
    ];
    // All four at once: none depends on another, and a server may be slow to answer each.
    await Promise.all(tries.map(([, answer]) => answer));
    for (const [where, answer] of tries) {
      const seen = await answer;
      if (seen === undefined || !isSplit(seen)) continue;
      context.report({
        id: 'response-splitting',
        detail: where,
        tried: `${name} in ${where}`,
        witness: seen.witness,
      });
      return;
    }
  }
}
