import { expect, test } from 'vitest';
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import type { DpuNetwork } from '../../api/kinds/dpu-network.ts';
import { finalizers, networkBridgeId } from '../../api/names/names.ts';
import { NetworksPlan } from './plan.ts';

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

const plan = (networks: DpuNetwork[], dpus = [dpu('a')]) => {
  const made = new NetworksPlan(networks);
  for (const one of dpus) made.put(one, { name: one.spec.nodeName });
  return made;
};
const wishesFor = (made: NetworksPlan, one = dpu('a')) => made.wishesFor(one, { name: one.spec.nodeName });
const overlapsOf = (made: NetworksPlan, name: string) => made.tally(name).notable.get('a')?.overlaps;
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
  const made = plan([selecting, onOneNode], dpus);
  expect(dpus.map((one) => wishesFor(made, one))).toEqual([
    [{ name: 'blue', vfs: '2,4-5' }],
    [{ name: 'red', vfs: '0-1' }],
    [],
  ]);
  expect([...made.tally('blue').holders.keys()]).toEqual(['a']);
  expect([...made.untold]).toEqual(['a', 'b']);
});

test('a DPU side has those that network functions work for', () => {
  const made = plan([network('fast', { spec: { isAccelerated: true } }), network('slow', { vfs: ['2'] })], []);
  expect(wishesFor(made, dpu('d', { isDpuSide: true }))).toEqual([{ name: 'fast', vfs: '0-1', accelerated: true }]);
});

test("a function that two want is the older network's, and the other keeps the rest", () => {
  const made = plan([
    network('younger', { vfs: ['1-3'], age: 2 }),
    network('older', { vfs: ['0-1'], age: 1 }),
    network('last', { vfs: ['0', '3'], age: 3 }),
  ]);
  expect(wishesFor(made)).toEqual([
    { name: 'older', vfs: '0-1' },
    { name: 'younger', vfs: '2-3' },
  ]);
  expect(overlapsOf(made, 'younger')).toEqual([{ vfs: '1', by: 'older' }]);
  expect(overlapsOf(made, 'last')).toEqual([
    { vfs: '0', by: 'older' },
    { vfs: '3', by: 'younger' },
  ]);
  expect(made.tally('last')).toMatchObject({ dpus: 0, holders: new Map() });
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
  expect(wishesFor(plan([network('a', { vfs: [] })]))).toEqual([]);
});

test('one that is being deleted has no devices any more', () => {
  const going = network('a', { metadata: { deletionTimestamp: '2026-01-02T00:00:00Z' } });
  expect(wishesFor(plan([going, network('b', { age: 9 })]))).toEqual([{ name: 'b', vfs: '0-1' }]);
});

const ownVlan = { spec: { vlan: undefined } };
const bridgeOf = (networks: DpuNetwork[], name: string) =>
  wishesFor(plan(networks)).find((wish) => wish.name === name)?.logicalBridge;

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

test('of two names that are one variable in containers the second is refused, and none of which DPUs know', () => {
  const [first, second] = [network('a.b'), network('a-b', { vfs: ['2'], age: 1 })];
  expect(faultOf(first, [second])).toBeUndefined();
  expect(faultOf(second, [first])).toMatchObject({
    reason: 'NameInvalid',
    message: expect.stringContaining('DpuNetwork a.b in PCIDEVICE_OPENSHIFT_IO_DPUNETWORK_A_B'),
  });
  const held = network('a-b', { vfs: ['2'], age: 1, metadata: { finalizers: [finalizers.network] } });
  expect(faultOf(held, [first])).toBeUndefined();
  expect(faultOf(first, [held])).toMatchObject({ reason: 'NameInvalid' });
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
  const { networks } = new NetworksPlan([...all, network('a', ownVlan)]);
  expect(networks.get('a')?.fault).toMatchObject({ reason: 'VlanTaken' });
});

test('what DPUs have and say is added up, and a DPU that changes or goes is the only one that is looked at', () => {
  const blue = network('blue');
  const wishes = [{ name: 'blue', vfs: '0-1' }];
  const saying = (name: string, report: object): DataProcessingUnit => ({
    ...dpu(name),
    spec: { ...dpu(name).spec, networks: wishes },
    status: { networks: [{ ...wishes[0], name: 'blue', devices: 2, ...report }] },
  });
  const made = plan([blue], [saying('a', {}), saying('b', { missing: '1', devices: 1 }), dpu('c')]);
  const tally = () => {
    const { dpus, devices, notable } = made.tally('blue');
    return { dpus, devices, notable: [...notable.keys()] };
  };
  expect(tally()).toEqual({ dpus: 3, devices: 3, notable: ['b', 'c'] });
  expect([...made.untold]).toEqual(['c']);
  expect(made.put(saying('b', {}), {})).toEqual(['blue']);
  expect(tally()).toEqual({ dpus: 3, devices: 4, notable: ['c'] });
  // Of what it answered to another wish nothing counts.
  made.put(saying('a', { vfs: '0' }), {});
  expect(tally()).toEqual({ dpus: 3, devices: 2, notable: ['c', 'a'] });
  expect(made.delete('a')).toEqual(['blue']);
  expect(made.delete('a')).toEqual([]);
  expect(tally()).toEqual({ dpus: 2, devices: 2, notable: ['c'] });
});

test('while the only DPU that has something of a network says more of it, it has it', () => {
  const says = (waiting: string[]) => ({ ...dpu('a'), status: { networks: [{ name: 'gone', devices: 0, waiting }] } });
  const made = plan([], [says(['shop/a'])]);
  const tally = made.tally('gone');
  expect(made.put(says(['shop/a', 'shop/b']), {})).toEqual(['gone']);
  expect(tally.holders.get('a')?.report?.waiting).toEqual(['shop/a', 'shop/b']);
});

test('DPUs that say more stay in their place: what is told of them does not change with each word', () => {
  const says = (name: string, devices: number) => ({
    ...dpu(name),
    status: { networks: [{ name: 'gone', devices, waiting: ['shop/a'] }] },
  });
  const made = plan([], [says('a', 1), says('b', 1)]);
  made.put(says('a', 0), {});
  const { holders, notable } = made.tally('gone');
  expect([[...holders.keys()], [...notable.keys()]]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
});

test('what pods still have of a network is told, also where no plan has it', () => {
  const made = plan([], [{ ...dpu('a'), status: { networks: [{ name: 'gone', devices: 0, waiting: ['shop/a'] }] } }]);
  expect(made.tally('gone').holders.get('a')?.report?.waiting).toEqual(['shop/a']);
  made.put(dpu('a'), {});
  expect(made.tally('gone').isEmpty).toBe(true);
});

test('a node that is away leaves its DPU as it is', () => {
  const selecting = network('red', { spec: { nodeSelector: { matchLabels: { rack: '1' } } } });
  const told: DataProcessingUnit = { ...dpu('b'), spec: { ...dpu('b').spec, networks: [{ name: 'red', vfs: '0-1' }] } };
  const made = new NetworksPlan([selecting]);
  expect(made.wishesFor(told, undefined)).toEqual([{ name: 'red', vfs: '0-1' }]);
  expect(made.wishesFor(dpu('a'), undefined)).toEqual([]);
  expect(made.wishesFor(told, {})).toEqual([]);
});
