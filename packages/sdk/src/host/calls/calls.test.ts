import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CallMetrics } from '../metrics/call-metrics.ts';
import { Calls } from './calls.ts';

const never = () => new Promise<never>(() => {});

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function counted() {
  const hung: string[] = [];
  const calls = new Calls(pino({ level: 'silent' }), 1_000, ({ message }) => hung.push(message));
  const outcomes: string[] = [];
  const note = (name: string, answer: Promise<unknown>) =>
    answer.then(
      () => outcomes.push(`${name} at ${performance.now()}`),
      ({ code }) => outcomes.push(`${name} ${code} at ${performance.now()}`),
    );
  return { calls, hung, outcomes, note };
}

test('each call has all of its deadline, however many there are and whichever were answered', async () => {
  const { calls, hung, outcomes, note } = counted();
  const start = performance.now();
  const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  note(
    'first',
    calls.timed('/a', () => answers[0].promise),
  );
  await vi.advanceTimersByTimeAsync(300);
  note('second', calls.timed('/b', never));
  await vi.advanceTimersByTimeAsync(300);
  note(
    'third',
    calls.timed('/c', () => answers[1].promise),
  );
  note('without', calls.untimed('/d', never));
  answers[0].resolve();
  await vi.advanceTimersByTimeAsync(699);
  expect(outcomes).toEqual([`first at ${start + 600}`]);
  await vi.advanceTimersByTimeAsync(1);
  answers[1].resolve();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(outcomes.slice(1)).toEqual([`second DEADLINE_EXCEEDED at ${start + 1_300}`, `third at ${start + 1_300}`]);
  expect(hung).toEqual([expect.stringContaining('/b')]);
  expect(vi.getTimerCount()).toBe(0);
  note('later', calls.timed('/e', never));
  const end = performance.now();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(outcomes.at(-1)).toBe(`later DEADLINE_EXCEEDED at ${end + 1_000}`);
  calls.cutOff();
  await vi.advanceTimersByTimeAsync(0);
  expect(outcomes.at(-1)).toBe(`without UNAVAILABLE at ${end + 1_000}`);
});

test('what ends late is counted once', async () => {
  const { calls, note } = counted();
  const registry = new Registry();
  calls.metrics = new CallMetrics(registry);
  const { promise, resolve } = Promise.withResolvers<void>();
  note(
    'late',
    calls.timed('/a', () => promise),
  );
  await vi.advanceTimersByTimeAsync(1_000);
  resolve();
  await vi.advanceTimersByTimeAsync(0);
  const text = await registry.metrics();
  expect(text).toContain('dpu_vsp_calls_total{method="/a",code="DEADLINE_EXCEEDED"} 1');
  expect(text).not.toContain('code="OK"');
  expect(text).toContain('dpu_vsp_calls_in_flight 0');
  expect(text).toContain('dpu_vsp_call_duration_seconds_bucket{le="0.5",method="/a"} 0');
  expect(text).toContain('dpu_vsp_call_duration_seconds_bucket{le="2",method="/a"} 1');
});
