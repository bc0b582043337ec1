import 'reflect-metadata';
import { expect, test } from 'vitest';
import type { Rollout } from '../../../../api/fields/plugin-run.ts';
import type { DataProcessingUnit } from '../../../../api/kinds/data-processing-unit.ts';
import type { DpuOperatorConfig } from '../../../../api/kinds/dpu-operator-config.ts';
import { daemonLeaseName } from '../../../../api/names/daemon-lease.ts';
import { configName, labels } from '../../../../api/names/names.ts';
import { DaemonLeases } from '../../../daemons/daemon-leases.ts';
import type { Caches } from '../../../shared/caches.ts';
import { TestCache } from '../../../testing/cache.ts';
import { runOf } from '../../../testing/plugin-runs.ts';
import { Turns } from './turns.ts';

const [v1, v2] = [runOf('1'), runOf('2')];

function fixture({ isGathering = false } = {}) {
  const dpus = new TestCache<DataProcessingUnit>();
  const nodes = new TestCache<{ metadata: { name: string; labels: Record<string, string> } }>();
  const [daemonPods, daemonLeases] = [new TestCache(), new TestCache()];
  const configs = new TestCache<DpuOperatorConfig>();
  const dpusByNode = { count: (node: string) => dpus.list().filter(({ spec }) => spec.nodeName === node).length };
  const dpusByLease = {
    get: (lease: string) => dpus.list().filter(({ spec }) => daemonLeaseName(spec.nodeName) === lease),
  };
  const caches = { dpus, dpusByNode, dpusByLease, nodes, daemonPods, daemonLeases, configs } as unknown as Caches;
  const silent = new Set<string>();
  class Leases extends DaemonLeases {
    override seenState = (name: string) => (silent.has(name) ? 'silent' : 'renewed');
  }
  const leases = new Leases({} as never, caches, { namespace: 'operator' } as never);
  const looks: (() => void)[] = [];
  class TestTurns extends Turns {
    override later = (look: () => void) => (isGathering ? looks.push(look) : look());
  }
  const turns = new TestTurns(caches, leases, { operatorImage: 'operator:2' });
  turns.daemonsAre('new');
  const told: string[] = [];
  turns.on('turn', (name) => told.push(name));
  const put = (
    name: string,
    phase?: Rollout['phase'],
    more: Partial<Rollout> = {},
    plugin = v1,
    fields: Partial<DataProcessingUnit['spec']> = {},
    channel?: NonNullable<DataProcessingUnit['status']>['channel'],
  ) => {
    const rollout = { target: v2, startedAt: '', drain: false, clear: false, wasReady: true, ...more };
    const status = { plugin, ...(phase && { rollout: { ...rollout, phase } }), channel };
    const spec = { nodeName: `node-${name}`, ...fields };
    dpus.put({ metadata: { name }, spec, status } as unknown as DataProcessingUnit);
    if (!turns.fleet.get(name)?.isKnown) turns.asks(name, { wanted: v2, config: undefined });
    turns.looked(name);
  };
  const policy = (rollout: object) =>
    configs.put({ metadata: { name: configName }, spec: { rollout } } as unknown as DpuOperatorConfig);
  const labelled = (name: string) => nodes.put({ metadata: { name, labels: { [labels.dpuNode]: 'true' } } });
  return { dpus, labelled, leases, silent, turns, told, put, policy, looks };
}

test('a DPU that is not ready for its turn keeps it from nobody', () => {
  const { turns, told, put } = fixture();
  // Its image is not on the node: it does not ask.
  put('a', 'Installing');
  put('b', 'Installing');
  put('c', 'Replacing');
  expect(turns.waitsFor('b', v2)?.reason).toBe('WaitingForTurn');
  put('c');
  expect(told).toEqual(['b']);
});

test('where one that was told makes no use of its turn, the next is told', () => {
  const { turns, told, put } = fixture();
  for (const name of ['a', 'b']) put(name, 'Installing');
  put('c', 'Replacing');
  for (const name of ['a', 'b']) turns.waitsFor(name, v2);
  put('c');
  expect(told).toEqual(['a']);
  turns.looked('a');
  turns.looked('a');
  expect(told).toEqual(['a', 'b']);
});

test('all that wait are told that a release goes no further, once', () => {
  const { turns, told, put } = fixture();
  for (const name of ['a', 'b']) put(name, 'Installing');
  put('c', 'Verifying');
  for (const name of ['a', 'b']) turns.waitsFor(name, v2);
  put('c', 'RollingBack', { reason: 'NotWorking' });
  expect(told).toEqual(['a', 'b']);
  for (const name of ['a', 'b']) expect(turns.waitsFor(name, v2)?.reason).toBe('Stopped');
  put('c', 'Failed', { reason: 'NotWorking' });
  expect(told).toEqual(['a', 'b']);
});

test('the turn of one that is lost amid its change is told to another', () => {
  const { dpus, turns, told, put, policy } = fixture();
  policy({ maxUnavailable: 2 });
  put('lost', 'Verifying');
  put('b', 'Installing');
  expect(turns.waitsFor('b', v2)?.reason).toBe('WaitingForTurn');
  const lost = dpus.get('lost');
  if (!lost) throw new Error('it is there');
  const overdue = {
    type: 'Configured',
    status: 'False',
    reason: 'Overdue',
    message: '',
    lastTransitionTime: '',
  } as const;
  dpus.put({ ...lost, status: { ...lost.status, conditions: [overdue] } });
  expect(told).toEqual(['b']);
  expect(turns.waitsFor('b', v2)).toBeUndefined();
});

test('a DPU of a silent daemon lets others go first, and is told when it is heard', () => {
  const { leases, silent, turns, told, put } = fixture();
  const lease = daemonLeaseName('node-a');
  silent.add(lease);
  leases.emit('quiet', lease);
  for (const name of ['a', 'b']) put(name, 'Installing');
  expect(turns.waitsFor('a', v2)?.reason).toBe('WaitingForDaemons');
  expect(turns.waitsFor('b', v2)).toBeUndefined();
  silent.delete(lease);
  leases.emit('heard', lease);
  expect(told).toEqual(['a']);
});

test('a node whose daemon has never come up holds up others only while it has a DPU', () => {
  const { dpus, labelled, turns, told, put } = fixture();
  put('a', 'Installing');
  labelled('node-new');
  expect(turns.waitsFor('a', v2)).toBeUndefined();
  put('new');
  expect(turns.waitsFor('a', v2)?.reason).toBe('WaitingForDaemons');
  dpus.delete('new');
  expect(told).toEqual(['a']);
  expect(turns.waitsFor('a', v2)).toBeUndefined();
});

test('what was written of a DPU that is gone, or could not be written, holds nobody up', () => {
  const { dpus, turns, put } = fixture();
  for (const name of ['a', 'b']) put(name, 'Installing');
  const writesReplacing = () => {
    turns.writes('a', { plugin: v1, rollout: { ...(dpus.get('a')?.status?.rollout as Rollout), phase: 'Replacing' } });
  };
  writesReplacing();
  expect(turns.waitsFor('b', v2)?.reason).toBe('WaitingForTurn');
  turns.forget('a');
  expect(turns.waitsFor('b', v2)).toBeUndefined();
  writesReplacing();
  dpus.delete('a');
  put('a', 'Installing');
  expect(turns.waitsFor('b', v2)).toBeUndefined();
});

test('a change begins on one DPU, and when it works there all that there is room for are told', () => {
  const { turns, told, put, policy } = fixture();
  policy({ maxUnavailable: 2 });
  for (const name of ['a', 'b', 'c', 'd']) put(name, 'Installing');
  expect(turns.waitsFor('a', v2)).toBeUndefined();
  put('a', 'Replacing');
  for (const name of ['b', 'c', 'd']) expect(turns.waitsFor(name, v2)?.reason).toBe('WaitingForTurn');
  put('a', undefined, {}, v2);
  expect(told).toEqual(['b', 'c']);
});

test('many events make one look at those that wait', () => {
  const { turns, told, put, looks } = fixture({ isGathering: true });
  for (const name of ['a', 'b']) put(name, 'Installing');
  put('c', 'Replacing');
  turns.waitsFor('b', v2);
  for (const phase of ['Verifying', 'Replacing', 'Verifying', undefined] as const) put('c', phase);
  expect(told).toEqual([]);
  expect(looks).toHaveLength(1);
  looks.pop()?.();
  expect(told).toEqual(['b']);
  put('c', 'Replacing');
  expect(looks).toHaveLength(1);
});

test('of DPUs with settings of their own as many are told as there is room for, and of those with the same one', () => {
  const { turns, told, put, policy } = fixture();
  policy({ maxUnavailable: 4 });
  const numbers = { a: 1, b: 2, sameAsB: 2, d: 3 };
  for (const name of Object.keys(numbers)) put(name, 'Installing');
  put('first', 'Replacing', { target: runOf('2', { number: 0 }) });
  for (const [name, number] of Object.entries(numbers)) {
    expect(turns.waitsFor(name, runOf('2', { number }))?.reason).toBe('WaitingForTurn');
  }
  put('first', undefined, {}, runOf('2', { number: 0 }));
  expect(told).toEqual(['a', 'b', 'd']);
});

test('that settings failed is told to those that are to have the same', () => {
  const { turns, told, put } = fixture();
  const [bad, good] = [runOf('1', { bad: true }), runOf('1', { bad: false })];
  for (const name of ['a', 'b', 'c']) put(name, 'Installing');
  put('first', 'Replacing', { target: bad });
  put('other', 'Replacing', { target: good });
  for (const [name, run] of [
    ['a', good],
    ['b', bad],
    ['c', bad],
  ] as const)
    turns.waitsFor(name, run);
  put('first', 'Failed', { target: bad, reason: 'NotWorking' });
  expect(told).toEqual(['b', 'c']);
  for (const name of told) expect(turns.waitsFor(name, bad)?.reason).toBe('Stopped');
});

test('those that wait are told when the rollout is paused, and when it goes on', () => {
  const { turns, told, put, policy } = fixture();
  for (const name of ['a', 'b']) put(name, 'Installing');
  put('c', 'Replacing');
  for (const name of ['a', 'b']) turns.waitsFor(name, v2);
  policy({ paused: true });
  expect(told).toEqual(['a', 'b']);
  for (const name of ['a', 'b']) expect(turns.waitsFor(name, v2)?.reason).toBe('Paused');
  for (const name of ['a', 'b']) turns.looked(name);
  put('c', undefined, {}, v2);
  policy({ paused: false });
  expect(told).toEqual(['a', 'b', 'a']);
});

test('nothing changes before all DPUs are known, and then not by a write to each', () => {
  const { dpus, turns, told, put } = fixture();
  put('a', 'Installing');
  const status = { plugin: v1 };
  dpus.put({ metadata: { name: 'b' }, spec: { nodeName: 'node-b' }, status } as unknown as DataProcessingUnit);
  expect(turns.waitsFor('a', v2)).toMatchObject({ reason: 'WaitingForTurn', isBrief: true });
  turns.looked('b');
  expect(told).toEqual(['a']);
});

test('the last DPU that is looked at has those go on that waited for it, though it has nothing to do itself', () => {
  const { dpus, turns, told, put } = fixture();
  put('a', 'Installing');
  const status = { plugin: v2 };
  dpus.put({ metadata: { name: 'b' }, spec: { nodeName: 'node-b' }, status } as unknown as DataProcessingUnit);
  expect(turns.waitsFor('a', v2)?.isBrief).toBe(true);
  turns.asks('b', { wanted: v2, config: undefined });
  turns.looked('b');
  expect(told).toEqual(['a']);
});

test('a host that says less of its card while it changes is a side of it until it has changed', () => {
  const { turns, told, put } = fixture();
  const uri = (side: string, dpu: string) => `spiffe://ours/${side}/n/${dpu}`;
  const identity = uri('host', 'host');
  const notAfter = '2099-01-01T00:00:00Z';
  put('other-card', undefined, {}, v2, { isDpuSide: true });
  put('card', 'Installing', {}, v1, { isDpuSide: true });
  put('host', 'Replacing', {}, v1, {}, { identity, notAfter, peers: [uri('dpu', 'card')] });
  expect(turns.waitsFor('card', v2)?.reason).toBe('WaitingForOtherSide');
  put('host', 'Replacing', {}, v1, {}, { identity, notAfter });
  expect(turns.waitsFor('card', v2)?.reason).toBe('WaitingForOtherSide');
  put('host', 'Verifying');
  expect(told).toEqual([]);
  put('host', undefined, {}, v2);
  expect(told).toEqual(['card']);
  expect(turns.waitsFor('card', v2)).toBeUndefined();
});
