import { expect, test } from 'vitest';
import { cutText } from './cut-text.ts';

test.each([
  ['', 10, ''],
  ['ten bytes!', 10, 'ten bytes!'],
  ['eleven byte', 10, 'eleven …'],
  ['ääääääää', 10, 'äää…'],
  ['a😀😀😀', 10, 'a😀…'],
  ['a😀😀', 9, 'a😀😀'],
])('%s in %i bytes', (text, maxBytes, expected) => {
  const cut = cutText(text, maxBytes);
  expect(cut).toBe(expected);
  expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
  expect(cut.isWellFormed()).toBe(true);
});
