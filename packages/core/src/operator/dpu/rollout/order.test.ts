import { expect, test } from 'vitest';
import type { Rollout } from '../../../api/plugin-run.ts';
import { runOf } from '../../testing/plugin-runs.ts';
import { isChanging, mostAtOnce, orderOf, waitsFor } from './order.ts';

const v1 = runOf('1');
const v2 = runOf('2');

function dpu(name: string, phase?: Rollout['phase'], more: Partial<Rollout> = {}) {
  const rollout = { target: v2, startedAt: '', drain: false, clear: false, wasReady: true, ...more };
  return { name, status: { plugin: v1, ...(phase && { rollout: { ...rollout, phase } }) } };
}

type Asking = ReturnType<typeof dpu>;

function wait(asking: Asking, others: Asking[], { daemonsBehind = [] as string[], isAway = false, target = v2 } = {}) {
  return waitsFor({ ...asking, isAway }, target, orderOf([asking, ...others], daemonsBehind));
}

const x = dpu('x', 'Installing');
const why = (...others: Asking[]) => wait(x, others)?.reason;

test('a DPU may go when no other changes', () => {
  expect(why()).toBeUndefined();
  expect(why(dpu('b'), dpu('c', 'Installing'))).toBeUndefined();
});

test.each(['Draining', 'Replacing', 'Verifying', 'RollingBack'] as const)('it waits while another is %s', (phase) => {
  expect(why(dpu('b', phase))).toBe('WaitingForTurn');
});

test('another plugin waits for nobody: both sides of a DPU have to change together', () => {
  const target = { ...v2, name: 'other' };
  expect(wait(x, [dpu('b', 'Replacing')], { target, daemonsBehind: ['node-b'] })).toBeUndefined();
});

test('its own change does not hold it up', () => {
  expect(wait(dpu('x', 'Replacing'), [])).toBeUndefined();
});

test('one that runs nothing yet holds nobody up', () => {
  expect(isChanging({ rollout: dpu('b', 'Verifying').status.rollout })).toBe(false);
});

test('the daemons go first', () => {
  expect(wait(x, [], { daemonsBehind: ['node-b'] })?.reason).toBe('WaitingForDaemons');
});

test('one whose daemon has fallen silent takes no turn, which it could not end', () => {
  expect(wait(x, [], { isAway: true })?.reason).toBe('WaitingForDaemons');
});

test('a release that failed on another DPU goes no further', () => {
  expect(why(dpu('b', 'Failed', { reason: 'NotWorking' }))).toBe('Stopped');
  expect(why(dpu('b', 'RollingBack', { reason: 'NotWorking' }))).toBe('Stopped');
  expect(wait(x, [dpu('b', 'Failed')])?.message).toContain('failed on b');
});

test('where it is tried again, others wait until it works there', () => {
  const b = dpu('b', 'Installing', { again: true });
  expect(why(b)).toBe('Stopped');
  expect(wait(b, [dpu('c', 'Failed')])).toBeUndefined();
  expect(why(dpu('b'))).toBeUndefined();
});

test('what a newer operator makes of the same run goes no further where it does not work', () => {
  const b = dpu('b', 'Verifying', { target: v1, reason: 'NotWorking' });
  expect(wait(dpu('x', 'Installing', { target: v1 }), [b], { target: v1 })?.reason).toBe('Stopped');
});

test('what another DPU failed with says nothing of this release', () => {
  // Broken before.
  expect(why(dpu('b', 'Failed', { wasReady: false }))).toBeUndefined();
  expect(why(dpu('b', 'Failed', { target: runOf('3') }))).toBeUndefined();
  // Wrong settings of a release that works.
  const misconfigured = dpu('b', 'Failed', { target: runOf('2', { vfs: -1 }) });
  misconfigured.status.plugin = v2;
  expect(why(misconfigured)).toBeUndefined();
  // Taken back by a person.
  expect(why(dpu('b', 'RollingBack'))).toBe('WaitingForTurn');
});

test.each([
  [1, 1],
  [10, 1],
  [11, 2],
  [1000, 100],
])('of %i DPUs %i change at a time', (count, most) => {
  expect(mostAtOnce(count)).toBe(most);
});
