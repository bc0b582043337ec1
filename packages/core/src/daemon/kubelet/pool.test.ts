import { expect, test, vi } from 'vitest';
import { DevicePool, type PooledDevice } from './pool.ts';
import { preferDevices } from './preferred.ts';

const vf = (index: number, healthy = true) => ({ id: `swdpu-vf${index}`, healthy });

test('one pool of all DPUs, in the order of their numbers', () => {
  const pool = new DevicePool();
  pool.set('b', [vf(10), vf(9)]);
  pool.set('a', [{ id: '0000:01:00.2', healthy: true, numaNode: 1 }]);
  expect(pool.list().map(({ id, dpuName }) => [id, dpuName])).toEqual([
    ['0000:01:00.2', 'a'],
    ['swdpu-vf9', 'b'],
    ['swdpu-vf10', 'b'],
  ]);
  pool.remove('b');
  expect(pool.get('swdpu-vf9')).toBeUndefined();
});

test('listeners hear of changes only', () => {
  const pool = new DevicePool();
  const heard = vi.fn();
  const unsubscribe = pool.onChange(heard);
  pool.set('a', [vf(0)]);
  pool.set('a', [vf(0)]);
  pool.remove('b');
  expect(heard).toHaveBeenCalledTimes(1);
  pool.set('a', [vf(0, false)]);
  expect(heard).toHaveBeenCalledTimes(2);
  unsubscribe();
  pool.remove('a');
  expect(heard).toHaveBeenCalledTimes(2);
});

test("the plugin's NUMA node goes first, and one that was found stays while the netdev is in a pod", () => {
  const found = new Map([
    ['swdpu-vf0', 1],
    ['swdpu-vf1', 1],
  ]);
  const pool = new DevicePool((id) => found.get(id));
  pool.set('a', [{ ...vf(0), numaNode: 0 }, vf(1), vf(2)]);
  found.clear();
  pool.set('a', [{ ...vf(0), numaNode: 0 }, vf(1), vf(2)]);
  expect(pool.list().map(({ numaNode }) => numaNode)).toEqual([0, 1, undefined]);
});

const pooled = (id: string, dpuName: string, numaNode?: number): PooledDevice => ({
  id,
  dpuName,
  resource: 'openshift.io/dpu',
  healthy: true,
  ...(numaNode !== undefined && { numaNode }),
});
const devices = [pooled('a0', 'a', 0), pooled('a1', 'a', 1), pooled('a2', 'a', 1), pooled('b0', 'b', 0)];
const available = devices.map(({ id }) => id);

test.each([
  ['lowest first', { available, mustInclude: [], size: 1 }, ['a0']],
  ['together on one NUMA node', { available, mustInclude: [], size: 2 }, ['a1', 'a2']],
  ['beside what it must have', { available, mustInclude: ['b0'], size: 2 }, ['b0', 'a0']],
  ['in the group it already uses', { available, mustInclude: ['a2'], size: 2 }, ['a2', 'a1']],
  ['over groups when there is no other way', { available, mustInclude: [], size: 4 }, ['a1', 'a2', 'a0', 'b0']],
  ['only what is free', { available: ['b0'], mustInclude: [], size: 2 }, ['b0']],
])('prefers %s', (_what, request, expected) => {
  expect(preferDevices(devices, request)).toEqual(expected);
});

test('what only programs in pods are told is there at once, and the kubelet hears nothing of it', () => {
  const pool = new DevicePool();
  pool.set('dpu', [{ id: 'vf0', healthy: true }]);
  let calls = 0;
  pool.onChange(() => calls++);
  pool.set('dpu', [{ id: 'vf0', healthy: true, attributes: { speed: '25G' } }]);
  expect([calls, pool.get('vf0')?.attributes]).toEqual([0, { speed: '25G' }]);
});

test('a resource has its own devices, and its listeners hear of these only', () => {
  const pool = new DevicePool();
  const blue = pool.of('openshift.io/dpunetwork-blue');
  const heard = vi.fn();
  blue.onChange(heard);
  pool.set('a', [vf(0), { ...vf(1), resource: 'openshift.io/dpunetwork-blue' }]);
  expect(heard).toHaveBeenCalledTimes(1);
  pool.set('a', [vf(0, false), { ...vf(1), resource: 'openshift.io/dpunetwork-blue' }]);
  expect(heard).toHaveBeenCalledTimes(1);
  expect(blue.list().map(({ id }) => id)).toEqual(['swdpu-vf1']);
  expect([blue.get('swdpu-vf0'), blue.get('swdpu-vf1')?.dpuName]).toEqual([undefined, 'a']);
  expect(pool.of('openshift.io/dpu').list()).toHaveLength(1);
  pool.set('a', [vf(0), vf(1)]);
  expect(heard).toHaveBeenCalledTimes(2);
  expect(blue.list()).toEqual([]);
});
