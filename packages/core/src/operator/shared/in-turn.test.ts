import { expect, test } from 'vitest';
import { inTurn } from './in-turn.ts';

test('each has its turn, and the first error is thrown when all have had it', async () => {
  const done: number[] = [];
  const running = inTurn([1, 2, 3], async (one) => {
    if (one < 3) throw new Error(`not ${one}`);
    done.push(one);
  });
  await expect(running).rejects.toThrow('not 1');
  expect(done).toEqual([3]);
});
