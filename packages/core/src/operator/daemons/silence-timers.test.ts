import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { daemonLeaseRenewMs, daemonLeaseSeconds } from '../../api/names/daemon-lease.ts';
import type { Lease } from '../../kube/index.ts';
import { SilenceTimers } from './silence-timers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function renewed(renewTime: string, leaseDurationSeconds?: number): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'a' },
    spec: { renewTime, leaseDurationSeconds },
  };
}

test('a Lease is silent when it has not changed for as long as it says, and no more when it is renewed', () => {
  const silent: string[] = [];
  const timers = new SilenceTimers((name) => silent.push(name));
  timers.see(renewed('1', 20), 35);
  vi.advanceTimersByTime(19_999);
  expect(silent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(silent).toEqual(['a']);
  expect(timers.renewalOf('a')).toBe('silent');
  timers.see(renewed('2', 20), 35);
  expect(timers.renewalOf('a')).toBe('renewed');
});

test('a change of something else is no renewal, a renewal starts the period anew whatever its time says', () => {
  const silent: string[] = [];
  const timers = new SilenceTimers((name) => silent.push(name));
  timers.see(renewed('2026-01-01'), 35);
  vi.advanceTimersByTime(30_000);
  // By a clock that is years behind.
  timers.see(renewed('2001-01-01'), 35);
  vi.advanceTimersByTime(30_000);
  expect(silent).toEqual([]);
  timers.see(renewed('2001-01-01'), 35);
  vi.advanceTimersByTime(5_000);
  expect(silent).toEqual(['a']);
});

test('what was seen once is not renewed, however often it is seen, nor by a change of its period', () => {
  const timers = new SilenceTimers(() => {});
  for (const lease of [renewed('1'), renewed('1'), renewed('1', 20)]) {
    timers.see(lease, 35);
    expect(timers.renewalOf('a')).toBe('seen');
  }
  timers.see(renewed('2', 20), 35);
  expect(timers.renewalOf('a')).toBe('renewed');
});

test('a daemon that dies is silent within 40 s, one of which two renewals in a row fail is not', () => {
  const silent: string[] = [];
  const timers = new SilenceTimers((name) => silent.push(name));
  timers.see(renewed('1'), daemonLeaseSeconds);
  // The third renewal has 5 s to come.
  vi.advanceTimersByTime(3 * daemonLeaseRenewMs + 4_999);
  expect(silent).toEqual([]);
  timers.see(renewed('2'), daemonLeaseSeconds);
  vi.advanceTimersByTime(40_000);
  expect(silent).toEqual(['a']);
});

test('a Lease that is deleted is not silent', () => {
  const silent: string[] = [];
  const timers = new SilenceTimers((name) => silent.push(name));
  timers.see(renewed('1'), 35);
  timers.forget('a');
  vi.advanceTimersByTime(60_000);
  expect(silent).toEqual([]);
  expect(timers.renewalOf('a')).toBeUndefined();
});
