import { fakeClock } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import { Pause, pauseMs } from './pause.ts';

test('pauses grow, to a limit', () => {
  expect([1, 2, 3, 5, 6, 100].map(pauseMs)).toEqual([1_000, 2_000, 4_000, 16_000, 30_000, 30_000]);
});

test('a pause ends in time, when there is reason to try, and with the signal', async () => {
  const clock = fakeClock();
  const pause = new Pause(clock);
  const closing = new AbortController();
  for (const end of [() => void clock.advance(1_000), () => pause.end(), () => closing.abort()]) {
    const waiting = pause.wait(1, closing.signal);
    expect(clock.sleeping).toBe(1);
    end();
    await waiting;
    expect(clock.sleeping).toBe(0);
  }
});
