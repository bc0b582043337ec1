import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LookTimer } from './look-timer.ts';

const look = vi.fn();
let timer: LookTimer;
beforeEach(() => {
  vi.useFakeTimers();
  look.mockReset();
  timer = new LookTimer(look);
});
afterEach(() => {
  timer.close();
  vi.useRealTimers();
});

test('events of one plugging set off one look', () => {
  for (let event = 0; event < 10; event++) {
    timer.changed();
    vi.advanceTimersByTime(50);
  }
  expect(look).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);
  expect(look).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(look).toHaveBeenCalledTimes(1);
});

test('a burst without an end puts no look off for longer than 2 s', () => {
  for (let ms = 0; ms < 10_000; ms += 100) {
    timer.changed();
    vi.advanceTimersByTime(100);
  }
  expect(look).toHaveBeenCalledTimes(5);
});

test('one further look is planned at a time', () => {
  timer.lookIn(1_000);
  timer.lookIn(5_000);
  vi.advanceTimersByTime(4_999);
  expect(look).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(look).toHaveBeenCalledTimes(1);
  timer.lookIn(1_000);
  timer.lookIn(undefined);
  expect(vi.getTimerCount()).toBe(0);
});

test('after its end nothing is looked for', () => {
  timer.changed();
  timer.lookIn(1_000);
  timer.close();
  expect(vi.getTimerCount()).toBe(0);
});
