import { expect, test } from 'vitest';
import { LETTER_LIKE } from './letterLike.js';

/** The letters that a character counts as in the session's name; see `session/parameters.ts`. */
function lettersOf(character: string): string {
  return character
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('ı', 'i')
    .replace(/[^a-z]+/g, '');
}

test('every character that counts as a letter of the name is in a range', () => {
  const missing: string[] = [];
  for (let point = 0x80; point <= 0x10ffff; point++) {
    const isLike = /^[sesionid]/.test(lettersOf(String.fromCodePoint(point)));
    const isHeld = LETTER_LIKE.some(([first, last]) => point >= first && point <= last);
    if (isLike && !isHeld) missing.push(point.toString(16));
  }
  expect(missing).toEqual([]);
});

test('letters of other scripts, and Latin ones with their marks, are in none', () => {
  for (const character of 'éüßñçøåłžğαждא文字ひ한') {
    const point = character.codePointAt(0) as number;
    expect(
      LETTER_LIKE.some(([first, last]) => point >= first && point <= last),
      character,
    ).toBe(false);
  }
});
