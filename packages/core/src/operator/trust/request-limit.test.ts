import { expect, test } from 'vitest';
import { RequestLimit } from './request-limit.ts';

test('a node gets so many at once, then one each half a minute; another node its own', () => {
  const limit = new RequestLimit();
  const taken = Array.from({ length: 50 }, () => limit.take('a', 0)).filter(Boolean);
  expect(taken).toHaveLength(40);
  expect(limit.take('b', 0)).toBe(true);
  expect(limit.take('a', 29_000)).toBe(false);
  expect(limit.take('a', 30_000)).toBe(true);
  expect(limit.take('a', 30_000)).toBe(false);
});
