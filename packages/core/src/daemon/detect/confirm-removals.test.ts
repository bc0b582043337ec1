import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import { there, unknown } from '../presence.ts';
import { confirmationMs, confirmRemovals } from './confirm-removals.ts';
import type { DpuFinding } from './find-dpus.ts';

const dpu = (name: string): DetectedDpu => ({ name, identifier: name, productName: 'Card', side: 'host', plugin: 'p' });
const unplugged = (name: string): DpuFinding => ({ dpu: dpu(name), presence: unknown('away'), unplugged: true });
const silent = (name: string): DpuFinding => ({ dpu: dpu(name), presence: unknown('its netdev is away') });
const present = (name: string): DpuFinding => ({ dpu: dpu(name), presence: there(dpu(name)) });

test.each<[string, DpuFinding, number | undefined, string, number | undefined]>([
  ['there', present('a'), 0, 'there', undefined],
  ['unknown without having been unplugged', silent('a'), 0, 'unknown', undefined],
  ['unplugged just now', unplugged('a'), undefined, 'unknown', confirmationMs],
  ['unplugged for a while', unplugged('a'), 10_000, 'unknown', 10_000],
  ['unplugged for long enough', unplugged('a'), 0, 'gone', undefined],
])('what a DPU counts as: %s', (_case, finding, since, presence, dueInMs) => {
  const before = new Map(since === undefined ? [] : [['a', since]]);
  const confirmed = confirmRemovals([finding], before, confirmationMs);
  expect(confirmed.findings[0]?.presence.is).toBe(presence);
  expect(confirmed.dueInMs).toBe(dueInMs);
});

test('the next look is for the one that is certain first; one that was back starts anew', () => {
  const first = confirmRemovals([unplugged('a'), present('b')], new Map(), 0);
  const second = confirmRemovals([unplugged('a'), unplugged('b')], first.since, 20_000);
  expect(second.dueInMs).toBe(confirmationMs - 20_000);
  const back = confirmRemovals([present('a'), unplugged('b')], second.since, 30_000);
  expect([...back.since]).toEqual([['b', 20_000]]);
});
