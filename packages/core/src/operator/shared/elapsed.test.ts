import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Elapsed } from './elapsed.ts';

const dayMs = 24 * 3_600_000;
const start = Date.parse('2026-01-01T00:00:00Z');
const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

beforeEach(() => {
  vi.useFakeTimers({ now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

test.each([dayMs, -dayMs])('a clock that jumps by %d ms changes nothing of what is known', (jump) => {
  const elapsed = new Elapsed();
  const time = ago(5_000);
  expect(elapsed.since('dpu', 'drain', time)).toBe(5_000);
  vi.setSystemTime(start + jump);
  vi.advanceTimersByTime(1_000);
  expect(elapsed.since('dpu', 'drain', time)).toBe(6_000);
});

test.each([dayMs, -dayMs])(
  'what comes while it is looked at counts from then, by a clock that is %d ms ahead, too',
  (skew) => {
    const elapsed = new Elapsed();
    const time = ago(-skew);
    expect(elapsed.since('dpu', 'pod', undefined)).toBe(0);
    expect(elapsed.since('dpu', 'pod', time)).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(elapsed.since('dpu', 'pod', time)).toBe(1_000);
    expect(elapsed.since('dpu', 'pod', ago(-skew))).toBe(0);
  },
);

test('what was there before counts from the first look, where its time lies ahead or is none', () => {
  const elapsed = new Elapsed();
  for (const time of [ago(-dayMs), 'yesterday']) {
    expect(elapsed.since(time, 'pod', time)).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(elapsed.since(time, 'pod', time)).toBe(1_000);
  }
  elapsed.forget('yesterday');
  expect(elapsed.since('yesterday', 'pod', 'yesterday')).toBe(0);
});
