import { expect, test } from 'vitest';
import { hasTooManyParts, mostParts } from './json-parts.ts';

const list = (element: string, count: number) => `[${Array(count).fill(element).join(',')}]`;

test.each([
  ['elements', list('1', mostParts), list('1', mostParts + 1)],
  ['objects', list('{"a":1}', mostParts / 2), list('{"a":1}', mostParts / 2 + 1)],
  ['members', list('{"a":1,"b":2}', 3_333), list('{"a":1,"b":2}', 3_334)],
  ['levels', '['.repeat(mostParts), '['.repeat(mostParts + 1)],
])('as many %s as there may be, and one more', (_, most, more) => {
  expect([hasTooManyParts(most), hasTooManyParts(more)]).toEqual([false, true]);
});

test.each([
  ['in a text', `"${'{[,'.repeat(mostParts)}"`, false],
  ['behind a quote that is escaped', `"\\"${'{[,'.repeat(mostParts)}"`, false],
  ['behind a text that ends in a backslash', `"\\\\"${'['.repeat(mostParts + 1)}`, true],
  ['in a text that does not end', `"${'['.repeat(mostParts + 1)}`, false],
])('%s', (_, text, isTooMany) => {
  expect(hasTooManyParts(text)).toBe(isTooMany);
});
