import { expect, test } from 'vitest';
import { longestTimerMs, timerMs } from './timer.ts';

test.each([
  [5, 5],
  [-1, 0],
  [Date.parse('9999-12-31T23:59:59Z'), longestTimerMs],
  [Number.POSITIVE_INFINITY, longestTimerMs],
  [Date.parse('the day after'), longestTimerMs],
])('a delay of %d ms is %d ms of a timer', (delay, expected) => {
  expect(timerMs(delay)).toBe(expected);
});
