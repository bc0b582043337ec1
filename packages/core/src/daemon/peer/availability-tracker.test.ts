import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AvailabilityTracker } from './availability-tracker.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the grace period of one that is on its way back begins anew each time that it is heard of', () => {
  const outage = { reason: 'Away', message: 'it is away' };
  const tracker = new AvailabilityTracker({
    initial: { phase: 'interrupted', outage },
    graceMs: 1_000,
    onNews: () => {},
  });
  for (let heard = 0; heard < 3; heard += 1) {
    vi.advanceTimersByTime(900);
    tracker.recovering();
  }
  vi.advanceTimersByTime(999);
  expect(tracker.outage).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(tracker.outage).toEqual(outage);
});
