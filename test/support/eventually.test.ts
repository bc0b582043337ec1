import { expect, it, vi } from 'vitest';
import { eventually } from './eventually.ts';

it('looks until it sees what is wanted', async () => {
  const answers = [undefined, 1, 2, 3];
  expect(
    await eventually(
      'a two',
      async () => answers.shift(),
      (answer) => answer === 2,
    ),
  ).toBe(2);
  expect(await eventually('something', async () => answers.shift())).toBe(3);
});

it.each([
  ['an answer', async () => 7, 'an eight: not within 120 s: last 7'],
  ['a failure', () => Promise.reject(new Error('no such link')), 'an eight: not within 120 s: no such link'],
])('says what it saw last: %s', async (_, look: () => Promise<number>, message) => {
  vi.useFakeTimers();
  try {
    const seen = expect(eventually('an eight', look, (answer) => answer === 8)).rejects.toThrow(message);
    await vi.advanceTimersByTimeAsync(121_000);
    await seen;
  } finally {
    vi.useRealTimers();
  }
});
