import { expect, test } from 'vitest';
import { fakeClock } from './clock.ts';

test('wakes sleepers in their order, those that sleep again too', async () => {
  const clock = fakeClock(0);
  const woken: [string, number][] = [];
  const every = async (name: string, ms: number) => {
    for (;;) {
      await clock.sleep(ms);
      woken.push([name, clock.now()]);
    }
  };
  void every('slow', 50);
  void every('quick', 20);
  await clock.advance(19);
  expect(woken).toEqual([]);
  await clock.advance(41);
  expect(woken).toEqual([
    ['quick', 20],
    ['quick', 40],
    ['slow', 50],
    ['quick', 60],
  ]);
  expect(clock.now()).toBe(60);
  expect(clock.sleeping).toBe(2);
});

test('lets go of who is told to stop waiting', async () => {
  const clock = fakeClock();
  const stop = new AbortController();
  const sleep = clock.sleep(10, stop.signal);
  stop.abort();
  await expect(sleep).rejects.toMatchObject({ name: 'AbortError' });
  await expect(clock.sleep(10, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  expect(clock.sleeping).toBe(0);
});
