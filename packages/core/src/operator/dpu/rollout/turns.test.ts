import 'reflect-metadata';
import { expect, test } from 'vitest';
import { daemonLeaseName } from '../../../api/daemon-lease.ts';
import type { DataProcessingUnit } from '../../../api/data-processing-unit.ts';
import type { Rollout } from '../../../api/plugin-run.ts';
import type { ChangeListener } from '../../../kube/index.ts';
import { DaemonLeases } from '../../daemons/daemon-leases.ts';
import type { Caches } from '../../shared/caches.ts';
import { runOf } from '../../testing/plugin-runs.ts';
import { Turns } from './turns.ts';

const [v1, v2] = [runOf('1'), runOf('2')];

class Cache<T extends { metadata: { name: string } }> {
  readonly #objects = new Map<string, T>();
  readonly #listeners: ChangeListener<T>[] = [];

  get(name: string): T | undefined {
    return this.#objects.get(name);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  onChange(listener: ChangeListener<T>): void {
    this.#listeners.push(listener);
  }

  put(object: T): void {
    const previous = this.get(object.metadata.name);
    this.#objects.set(object.metadata.name, object);
    for (const listener of this.#listeners) listener(object, previous, previous ? 'updated' : 'added');
  }

  delete(name: string): void {
    const object = this.get(name);
    if (!object) return;
    this.#objects.delete(name);
    for (const listener of this.#listeners) listener(object, object, 'deleted');
  }
}

function fixture() {
  const dpus = new Cache<DataProcessingUnit>();
  const caches = { dpus, nodes: new Cache(), daemonPods: new Cache(), daemonLeases: new Cache() } as unknown as Caches;
  const silent = new Set<string>();
  class Leases extends DaemonLeases {
    override seenState = (name: string) => (silent.has(name) ? 'silent' : 'renewed');
  }
  const leases = new Leases({} as never, caches, { namespace: 'operator' } as never);
  const turns = new Turns(caches, leases);
  turns.daemonsAre('new');
  const told: string[] = [];
  turns.on('turn', (name) => told.push(name));
  const put = (name: string, phase?: Rollout['phase'], more: Partial<Rollout> = {}) => {
    const rollout = { target: v2, startedAt: '', drain: false, clear: false, wasReady: true, ...more };
    const status = { plugin: v1, ...(phase && { rollout: { ...rollout, phase } }) };
    dpus.put({ metadata: { name }, spec: { nodeName: `node-${name}` }, status } as unknown as DataProcessingUnit);
  };
  return { dpus, leases, silent, turns, told, put };
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
