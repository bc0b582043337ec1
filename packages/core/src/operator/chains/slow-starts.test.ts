import { expect, test } from 'vitest';
import type { ChainCondition } from './condition.ts';
import { SlowStarts, slowAfterMs } from './slow-starts.ts';

const starting: ChainCondition = { status: 'False', reason: 'Starting', message: 'is starting' };
const running: ChainCondition = { status: 'True', reason: 'Running', message: '' };

test('warns once of a start that takes long, and again of the next', () => {
  let now = 0;
  const starts = new SlowStarts(() => now);
  expect(starts.see('a', starting)).toEqual({ warn: false, againMs: slowAfterMs });
  now = slowAfterMs - 1;
  expect(starts.see('a', starting)).toEqual({ warn: false, againMs: 1 });
  now = slowAfterMs;
  expect(starts.see('a', starting)).toEqual({ warn: true });
  expect(starts.see('a', starting)).toEqual({ warn: false });
  expect(starts.see('b', starting)).toMatchObject({ warn: false });
  expect(starts.see('a', running)).toEqual({ warn: false });
  expect(starts.see('a', starting)).toEqual({ warn: false, againMs: slowAfterMs });
});

test('warns at once of a container that fails', () => {
  const starts = new SlowStarts(() => 0);
  expect(starts.see('a', starting).warn).toBe(false);
  expect(starts.see('a', { ...starting, failing: true })).toEqual({ warn: true });
  expect(starts.see('a', { ...starting, failing: true })).toEqual({ warn: false });
});
