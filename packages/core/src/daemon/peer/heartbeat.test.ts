/** How soon a heartbeat finds out, in time that the test lets pass. */
import { DpuError } from '@dpu-operator/sdk';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defaultIntervalMs, Heartbeat } from './heartbeat.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

type State = 'answers' | 'is partitioned' | 'refuses';

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds after which TCP repeats a SYN that was lost (RFC 6298: 1 s, then twice as long each time). */
const synRepeatMs = 1_000;

/** A heartbeat to a peer that is dialled anew for each attempt while it is lost, as {@link Peer} does. */
class Watched {
  peer: State = 'answers';
  /** When these came. */
  readonly answers: number[] = [];
  readonly failures: number[] = [];
  readonly #heartbeat = new Heartbeat({
    ping: (deadlineMs) => this.#ping(deadlineMs),
    onFailure: () => this.failures.push(performance.now()),
    intervalMs: defaultIntervalMs,
  });

  constructor() {
    this.#heartbeat.beat();
  }

  close(): void {
    this.#heartbeat.close();
  }

  async #ping(deadlineMs: number): Promise<void> {
    if (this.peer === 'refuses') throw new DpuError('UNAVAILABLE', 'connection refused');
    if (this.peer === 'is partitioned') await this.#repeatSyn(deadlineMs);
    this.answers.push(performance.now());
  }

  async #repeatSyn(deadlineMs: number): Promise<void> {
    await wait(Math.min(synRepeatMs, deadlineMs));
    if (deadlineMs > synRepeatMs && this.peer === 'answers') return;
    await wait(Math.max(0, deadlineMs - synRepeatMs));
    throw new DpuError('DEADLINE_EXCEEDED', 'no answer');
  }
}

/** Milliseconds between the last answer and the silence, up to the next heartbeat. */
const phases = Array.from({ length: defaultIntervalMs / 50 }, (_, index) => index * 50);

async function watched(): Promise<Watched> {
  const watch = new Watched();
  await vi.advanceTimersByTimeAsync(3 * defaultIntervalMs);
  expect([watch.answers.length, watch.failures]).toEqual([4, []]);
  return watch;
}

test('a peer that falls silent is noticed within 5 s', async () => {
  for (const phase of phases) {
    const watch = await watched();
    await vi.advanceTimersByTimeAsync(phase);
    watch.peer = 'is partitioned';
    const start = performance.now();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(watch.failures.length).toBeGreaterThan(0);
    expect(Number(watch.failures[0]) - start).toBeLessThanOrEqual(5_000);
    watch.close();
  }
});

test.each(['is partitioned', 'refuses'] as const)('a peer that %s is known to be back within 1 s', async (state) => {
  // The attempts of one cycle: three short ones, a long one.
  const cycle = Array.from({ length: 120 }, (_, index) => index * 50);
  let longest = 0;
  for (const phase of cycle) {
    const watch = await watched();
    watch.peer = state;
    await vi.advanceTimersByTimeAsync(10_000 + phase);
    watch.peer = 'answers';
    const start = performance.now();
    const before = watch.answers.length;
    await vi.advanceTimersByTimeAsync(5_000);
    longest = Math.max(longest, (watch.answers[before] ?? Number.POSITIVE_INFINITY) - start);
    watch.close();
  }
  expect(longest).toBeLessThanOrEqual(1_000);
});
