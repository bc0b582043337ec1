import { expect, test } from 'vitest';
import { WriteLimit } from './write-limit.ts';

test('some at once, then one in every interval; what is not taken is not saved up beyond that', () => {
  let now = 1_000;
  const limit = new WriteLimit({ atOnce: 3, intervalMs: 100, now: () => now });
  expect([limit.take(), limit.take(), limit.take(), limit.take()]).toEqual([0, 0, 0, 100]);
  now += 60;
  expect(limit.take()).toBe(40);
  now += 40;
  expect([limit.take(), limit.take()]).toEqual([0, 100]);
  now += 250;
  expect([limit.take(), limit.take(), limit.take()]).toEqual([0, 0, 50]);
  now += 100_000;
  expect([limit.take(), limit.take(), limit.take(), limit.take()]).toEqual([0, 0, 0, 100]);
});
