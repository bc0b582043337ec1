import { expect, test } from 'vitest';
import { FirstSeen } from './first-seen.ts';

test('a time that is ahead counts from when it was seen first, each time anew', () => {
  const seen = new FirstSeen();
  expect(seen.earliest('pod', 900, 1_000)).toBe(900);
  expect(seen.earliest('pod', 5_000, 1_010)).toBe(1_010);
  expect(seen.earliest('pod', 5_000, 2_000)).toBe(1_010);
  expect(seen.earliest('other', 5_000, 2_000)).toBe(2_000);
  expect(seen.earliest('pod', 6_000, 3_000)).toBe(3_000);
  seen.forget('pod');
  expect(seen.earliest('pod', 6_000, 4_000)).toBe(4_000);
});
