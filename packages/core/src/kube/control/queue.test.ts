import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { backoffDelay } from '../../retry-backoff.ts';
import { Controller } from './controller.ts';
import { WorkQueue } from './queue.ts';

const options = { backoff: { initialMs: 1, maxMs: 4 }, retriesPerSecond: 1000, burst: 100 };
const logger = pino({ enabled: false });

test('a key waits once, and again when it is added while it is worked on', async () => {
  const queue = new WorkQueue(options);
  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
  queue.add('a');
  const next = queue.take();
  expect(queue.depth).toBe(2);
  queue.done('a');
  expect(await next).toBe('a');
  queue.close();
  expect(await queue.take()).toBeUndefined();
});

test('delays double up to the limit, less a random half', () => {
  const delay = (failures: number, random: number) =>
    backoffDelay(failures, { initialMs: 100, maxMs: 1000, random: () => random });
  expect([1, 2, 3, 4, 5, 99].map((failures) => delay(failures, 1))).toEqual([100, 200, 400, 800, 1000, 1000]);
  expect(delay(1, 0)).toBe(50);
});

test('what is new is handed out at once, however much it is', async () => {
  const queue = new WorkQueue({ ...options, retriesPerSecond: 1, burst: 1 });
  for (let key = 0; key < 1000; key++) queue.add(String(key));
  for (let key = 0; key < 1000; key++) expect(await queue.take()).toBe(String(key));
  queue.close();
});

test('more retries than the burst come at the rate', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const queue = new WorkQueue({ ...options, retriesPerSecond: 10, burst: 2 });
    for (const key of ['a', 'b', 'c']) {
      queue.add(key);
      queue.failed((await queue.take()) ?? '');
    }
    const taken: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) void queue.take().then((key) => taken.push(key));
    await vi.advanceTimersByTimeAsync(50);
    expect(taken).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(60);
    expect(taken).toEqual(['a', 'b', 'c']);
    queue.close();
  } finally {
    vi.useRealTimers();
  }
});

test('a server that asks for a pause after a failure gets it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  try {
    const queue = new WorkQueue(options);
    queue.add('a');
    const key = (await queue.take()) ?? '';
    queue.failed(key, 1000);
    const next = vi.fn();
    void queue.take().then(next);
    await vi.advanceTimersByTimeAsync(999);
    expect(next).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(next).toHaveBeenCalledWith('a');
    queue.close();
  } finally {
    vi.useRealTimers();
  }
});

test('a controller tries again until it succeeds, one at a time for a key', async () => {
  const stop = new AbortController();
  let working = 0;
  let calls = 0;
  const reconcile = async (key: string) => {
    expect(++working).toBe(1);
    await Promise.resolve();
    working--;
    calls++;
    if (calls < 3) controller.enqueue(key);
    if (calls < 6) throw new Error('not yet');
    stop.abort();
  };
  const controller = new Controller({ name: 'test', reconcile, logger, concurrency: 4, backoff: options.backoff });
  controller.enqueue('a');
  await controller.start(stop.signal);
  expect(calls).toBe(6);
});

test('a controller comes back when it is asked to', async () => {
  const stop = new AbortController();
  let calls = 0;
  const reconcile = async () => {
    if (++calls === 2) stop.abort();
    return { requeueAfterMs: 1 };
  };
  const controller = new Controller({ name: 'test', reconcile, logger });
  controller.enqueue('a');
  await controller.start(stop.signal);
  expect(calls).toBe(2);
});
