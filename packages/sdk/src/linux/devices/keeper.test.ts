import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Keeper, type KeeperOptions } from './keeper.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const logger = { error: () => {} } as unknown as KeeperOptions['logger'];
const keeper = (look: KeeperOptions['look']) => new Keeper({ logger, look });

it('looks until nothing is open, and gives up on what stays so', async () => {
  const look = vi.fn(async () => ({ absent: [], unsettled: true }));
  keeper(look).poke();
  await vi.advanceTimersByTimeAsync(60_000);
  const looks = look.mock.calls.length;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(look).toHaveBeenCalledTimes(looks);
});

it('does not give up on looks that fail, and is not hurried by what they change', async () => {
  const look = vi.fn(async () => {
    if (look.mock.calls.length > 20) return { absent: [], unsettled: false };
    kept.poke();
    throw new Error('not now');
  });
  const kept = keeper(look);
  kept.poke();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(look.mock.calls.length).toBeLessThan(14);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(look).toHaveBeenCalledTimes(21);
});

it('goes on looking for what was refused, ever less often', async () => {
  let failing = true;
  const look = vi.fn(async () => ({ absent: [], unsettled: false, failing }));
  keeper(look).poke();
  await vi.advanceTimersByTimeAsync(60_000);
  const looks = look.mock.calls.length;
  expect(looks).toBeLessThan(14);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(look).toHaveBeenCalledTimes(looks + 10);
  failing = false;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(look).toHaveBeenCalledTimes(looks + 11);
});
