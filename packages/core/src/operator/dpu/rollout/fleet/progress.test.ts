import { expect, test } from 'vitest';
import type { Rollout } from '../../../../api/fields/plugin-run.ts';
import { runOf } from '../../../testing/plugin-runs.ts';
import { Fleet, type FleetDpu, ofPlugin } from './fleet.ts';
import { rolledOut } from './progress.ts';

const [v1, v2] = [runOf('1'), runOf('2')];

function dpu(name: string, phase?: Rollout['phase'], more: Partial<FleetDpu> = {}): FleetDpu {
  const rollout = { target: v2, startedAt: '', drain: false, clear: false, wasReady: true };
  const status = { plugin: v1, ...(phase && { rollout: { ...rollout, phase } }) };
  const others = {
    side: 'host',
    wanted: v2,
    config: undefined,
    isKnown: true,
    cards: [],
    configuredReason: undefined,
  } as const;
  return { name, status, ...others, ...more };
}

function progress(...dpus: FleetDpu[]) {
  const fleet = new Fleet();
  for (const each of dpus) fleet.put(each);
  return rolledOut(ofPlugin('a'), 'a 2', fleet, (name) => `words of ${name}`);
}

const done = (name: string) => dpu(name, undefined, { status: { plugin: v2 } });

test('it is complete when all run what is asked for', () => {
  const all = progress(done('a'), done('b'), dpu('of another plugin', undefined, { wanted: { ...v1, name: 'other' } }));
  expect(all).toMatchObject({ status: 'True', reason: 'Complete', message: '2 of 2 run a 2' });
  expect(progress()).toMatchObject({ status: 'True', reason: 'NoDpus' });
});

test('it counts, and names none of those that go their way', () => {
  const { status, reason, message } = progress(done('a'), dpu('b', 'Replacing'), dpu('c', 'Installing'), dpu('d'));
  expect([status, reason]).toEqual(['False', 'Progressing']);
  expect(message).toBe('1 of 4 run a 2, 1 changing, 2 waiting');
});

test('what a person has to do something about comes first, in the words of one DPU', () => {
  const waiting = dpu('b', 'Installing', { configuredReason: 'Stopped' });
  const { reason, message } = progress(done('a'), waiting, dpu('c', 'Failed', { configuredReason: 'RolledBack' }));
  expect(reason).toBe('Stopped');
  expect(message).toBe('1 of 3 run a 2, 1 waiting, 1 given up; 1 is Stopped, as b: words of b');
});

test('a plugin that does not work in the pod of a newer operator is told, also where no other DPU is stopped by it', () => {
  const { reason, message } = progress(done('a'), dpu('b', 'Verifying', { configuredReason: 'NotWorking' }));
  expect([reason, message]).toEqual(['NotWorking', '1 of 2 run a 2, 1 changing; 1 is NotWorking, as b: words of b']);
});

test('a DPU that changes its group is counted there alone', () => {
  const fleet = new Fleet();
  fleet.put(dpu('a', 'Replacing'));
  fleet.put(done('a'));
  expect(rolledOut(ofPlugin('a'), 'a 2', fleet, () => '').message).toBe('1 of 1 run a 2');
  fleet.remove('a');
  expect(rolledOut(ofPlugin('a'), 'a 2', fleet, () => '').reason).toBe('NoDpus');
});
