import { expect, test } from 'vitest';
import { parseVfRanges, vfRangesText } from './vf-ranges.ts';

test('numbers and ranges become a set in order, whichever end a range begins at', () => {
  expect(parseVfRanges(['5', ' 2-0', '2-3'])).toEqual({ vfs: [0, 1, 2, 3, 5] });
  expect(parseVfRanges([])).toEqual({ vfs: [] });
});

test.each(['', 'a', '1-', '-1', '1-2-3', '1.5', '12345'])('%j is refused by its own words', (entry) => {
  expect(parseVfRanges(['0', entry])).toMatchObject({ fault: expect.stringContaining(`"${entry}"`) });
});

test('a number beyond what a card can have is refused', () => {
  expect(parseVfRanges(['0-1024'])).toMatchObject({ fault: expect.stringContaining('1023') });
});

test('the text of a set is read back as it was', () => {
  const vfs = [0, 1, 2, 5, 7, 8];
  expect(vfRangesText(vfs)).toBe('0-2,5,7-8');
  expect(parseVfRanges(vfRangesText(vfs).split(','))).toEqual({ vfs });
  expect(vfRangesText([])).toBe('');
});
