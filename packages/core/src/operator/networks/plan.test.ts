import { expect, test } from 'vitest';
import type { DataProcessingUnit } from '../../api/data-processing-unit.ts';
import type { DpuNetwork } from '../../api/dpu-network.ts';
import { networkBridgeId } from '../../api/names.ts';
import { planNetworks } from './plan.ts';

const apiVersion = 'config.openshift.io/v1' as const;

interface NetworkOptions {
  vfs?: string[];
  /** Seconds after the first. */
  age?: number;
  spec?: DpuNetwork['spec'];
  status?: DpuNetwork['status'];
  metadata?: Partial<DpuNetwork['metadata']>;
}

const network = (
  name: string,
  { vfs = ['0-1'], age = 0, spec, status, metadata }: NetworkOptions = {},
): DpuNetwork => ({
  apiVersion,
  kind: 'DpuNetwork',
  metadata: { name, creationTimestamp: `2026-01-01T00:00:${String(age).padStart(2, '0')}Z`, ...metadata },
  spec: {
    dpuSelector: { matchExpressions: [{ key: 'vfId', operator: 'In', values: vfs }] },
    vlan: 0,
    ...spec,
  },
  status,
});

const dpu = (
  name: string,
  more: { isDpuSide?: boolean; labels?: Record<string, string> } = {},
): DataProcessingUnit => ({
  apiVersion,
  kind: 'DataProcessingUnit',
  metadata: { name, labels: more.labels ?? {} },
  spec: { isDpuSide: more.isDpuSide ?? false, nodeName: `node-of-${name}` },
});

const plan = (networks: DpuNetwork[], dpus = [dpu('a')]) => planNetworks(networks, dpus, (node) => ({ name: node }));
const faultOf = (one: DpuNetwork, others: DpuNetwork[] = []) =>
  plan([one, ...others]).networks.get(one.metadata.name)?.fault;

test('each host side has the functions of the networks that select it', () => {
  const selecting = network('blue', {
    vfs: ['2'],
    spec: {
      dpuSelector: {
        matchLabels: { rack: '1' },
        matchExpressions: [{ key: 'vfId', operator: 'In', values: ['2', '4-5'] }],
      },
    },
  });
  const onOneNode = network('red', { spec: { nodeSelector: { matchLabels: { name: 'node-of-b' } } } });
  const dpus = [dpu('a', { labels: { rack: '1' } }), dpu('b'), dpu('c', { isDpuSide: true, labels: { rack: '1' } })];
  const { wishes, networks } = plan([selecting, onOneNode], dpus);
  expect([...wishes]).toEqual([
    ['a', [{ name: 'blue', vfs: '2,4-5' }]],
    ['b', [{ name: 'red', vfs: '0-1' }]],
    ['c', []],
  ]);
  expect(networks.get('blue')?.dpus).toEqual(['a']);
});

test('a DPU side has those that network functions work for', () => {
  const { wishes } = plan(
    [network('fast', { spec: { isAccelerated: true } }), network('slow', { vfs: ['2'] })],
    [dpu('d', { isDpuSide: true })],
  );
  expect(wishes.get('d')).toEqual([{ name: 'fast', vfs: '0-1', accelerated: true }]);
});

test("a function that two want is the older network's, and the other keeps the rest", () => {
  const { wishes, networks } = plan([
    network('younger', { vfs: ['1-3'], age: 2 }),
    network('older', { vfs: ['0-1'], age: 1 }),
    network('last', { vfs: ['0', '3'], age: 3 }),
  ]);
  expect(wishes.get('a')).toEqual([
    { name: 'older', vfs: '0-1' },
    { name: 'younger', vfs: '2-3' },
  ]);
  expect(networks.get('younger')?.overlaps).toEqual([{ dpu: 'a', vfs: '1', by: 'older' }]);
  expect(networks.get('last')).toMatchObject({
    dpus: [],
    overlaps: [
      { dpu: 'a', vfs: '0', by: 'older' },
      { dpu: 'a', vfs: '3', by: 'younger' },
    ],
  });
});

test('what cannot be has no devices and says why', () => {
  expect(faultOf(network('x'.repeat(53)))).toMatchObject({
    reason: 'NameInvalid',
    message: expect.stringContaining('52'),
  });
  expect(faultOf(network('dpu-accel'))).toMatchObject({ reason: 'NameInvalid' });
  expect(faultOf(network('a', { vfs: ['0', 'all'] }))).toMatchObject({
    reason: 'VfIdInvalid',
    message: expect.stringContaining('"all"'),
  });
  expect(faultOf(network('a', { vfs: [] }))).toMatchObject({ reason: 'NoVfs' });
  expect(plan([network('a', { vfs: [] })]).wishes.get('a')).toEqual([]);
});

test('one that is being deleted has no devices any more', () => {
  const going = network('a', { metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' } });
  expect(plan([going, network('b', { age: 9 })]).wishes.get('a')).toEqual([{ name: 'b', vfs: '0-1' }]);
});

const ownVlan = { spec: { vlan: undefined } };
const bridgeOf = (networks: DpuNetwork[], name: string) =>
  plan(networks)
    .wishes.get('a')
    ?.find((wish) => wish.name === name)?.logicalBridge;

test('a VLAN that is asked for is a bridge of all who ask for it', () => {
  const [a, b] = [network('a', { spec: { vlan: 7 } }), network('b', { vfs: ['2'], spec: { vlan: 7 } })];
  expect([bridgeOf([a, b], 'a'), bridgeOf([a, b], 'b')]).toEqual(['vlan-7', 'vlan-7']);
});

test('one that nobody asks for is chosen by the name, has no other network, and stays', () => {
  const first = plan([network('a', ownVlan)]).networks.get('a')?.vlanId ?? 0;
  // Not by a number that a plugin may know a VF by, or have a chain on.
  expect(first).toBeGreaterThan(1023 + 2);
  expect(first).toBeLessThanOrEqual(4000);
  expect(bridgeOf([network('a', ownVlan)], 'a')).toBe(`dpunet-${networkBridgeId('a')}-${first}`);
  // Asked for before it was chosen: the next is free.
  const other = network('b', { vfs: ['2'], spec: { vlan: first } });
  const next = plan([network('a', ownVlan), other]).networks.get('a')?.vlanId;
  expect(next).toBe(first === 4000 ? 1026 : first + 1);
  // Asked for afterwards: pods may use it.
  const kept = network('a', { ...ownVlan, status: { vlanId: first } });
  expect(plan([kept, other]).networks.get('a')?.vlanId).toBe(first);
  expect(faultOf(other, [kept])).toMatchObject({
    reason: 'VlanTaken',
    message: expect.stringContaining('DpuNetwork a'),
  });
});

test('a VLAN that was chosen has no other network while pods of a deleted one may use it', () => {
  const first = plan([network('a', ownVlan)]).networks.get('a')?.vlanId ?? 0;
  const metadata = { deletionTimestamp: '2026-01-02T00:00:00Z' };
  const going = network('a', { ...ownVlan, status: { vlanId: first }, metadata });
  const other = network('b', { vfs: ['2'], spec: { vlan: first } });
  expect(faultOf(other, [going])).toMatchObject({ reason: 'VlanTaken' });
  expect(plan([going]).networks.has('a')).toBe(false);
});

test('when all are taken, that is said', () => {
  const all = Array.from({ length: 4093 }, (_, index) => network(`n${index}`, { spec: { vlan: index + 2 } }));
  const { networks } = planNetworks([...all, network('a', ownVlan)], [], () => ({}));
  expect(networks.get('a')?.fault).toMatchObject({ reason: 'VlanTaken' });
});
