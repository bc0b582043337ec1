import { expect, test, vi } from 'vitest';
import { type Availability, type AvailabilityEvent, isNews, transition } from './availability.ts';
import { AvailabilityTracker } from './availability-tracker.ts';

const lost = { reason: 'Lost', message: 'the connection broke' };
const unwell = { reason: 'Unwell', message: 'it says that it does not work' };
const worked: AvailabilityEvent = { is: 'worked' };
const failed: AvailabilityEvent = { is: 'failed', outage: lost };
const graceOver: AvailabilityEvent = { is: 'graceOver' };
const starting: Availability = { phase: 'starting' };
const available: Availability = { phase: 'available' };
const interrupted: Availability = { phase: 'interrupted', outage: lost };
const away: Availability = { phase: 'away', outage: lost };

test.each<[Availability, AvailabilityEvent, Availability, boolean]>([
  [starting, worked, available, true],
  [starting, failed, away, true],
  [starting, graceOver, starting, false],
  [available, worked, available, false],
  [available, failed, interrupted, false],
  [available, graceOver, available, false],
  [interrupted, worked, available, false],
  [interrupted, failed, interrupted, false],
  [interrupted, graceOver, away, true],
  [away, worked, available, true],
  [away, failed, away, false],
  [away, graceOver, away, false],
  [interrupted, { is: 'failed', outage: unwell }, { phase: 'interrupted', outage: unwell }, false],
  [away, { is: 'failed', outage: unwell }, { phase: 'away', outage: unwell }, true],
])('%j, %j: %j, news: %s', (before, event, after, news) => {
  expect(transition(before, event)).toEqual(after);
  expect(isNews(before, after)).toBe(news);
});

test('the grace period runs from the first failure, however many follow', () => {
  vi.useFakeTimers();
  try {
    const news: (string | undefined)[] = [];
    const tracker: AvailabilityTracker = new AvailabilityTracker({
      graceMs: 15_000,
      onNews: () => news.push(tracker.outage?.reason),
    });
    tracker.worked();
    tracker.failed(lost);
    vi.advanceTimersByTime(10_000);
    tracker.failed(unwell);
    vi.advanceTimersByTime(4_999);
    expect([tracker.outage, news]).toEqual([undefined, [undefined]]);
    vi.advanceTimersByTime(1);
    expect(tracker.outage).toEqual(unwell);
    tracker.worked();
    tracker.failed(lost);
    vi.advanceTimersByTime(14_999);
    tracker.worked();
    vi.advanceTimersByTime(60_000);
    expect(news).toEqual([undefined, 'Unwell', undefined]);
    tracker.failed(lost);
    tracker.close();
    vi.advanceTimersByTime(60_000);
    expect(news).toHaveLength(3);
  } finally {
    vi.useRealTimers();
  }
});
