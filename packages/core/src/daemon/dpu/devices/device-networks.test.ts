import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { silent, temporaryDirectory } from '../../datapath/testing.ts';
import { gone, type Presence, there, unknown } from '../../presence.ts';
import { DeviceNetworks } from './device-networks.ts';
import type { DeviceHolder } from './device-placing.ts';

const devices = [0, 1, 2].map((vf) => ({ id: `vf${vf}`, vf }));
const blue = { name: 'blue', vfs: '1-3', logicalBridge: 'vlan-7' };

const opened: DeviceNetworks[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function open(directory = temporaryDirectory()) {
  const holders = new Map<string, DeviceHolder>();
  const allocations = new Map<string, Presence<{ namespace: string; name: string }>>();
  const onChange = vi.fn();
  const kubelet = { podOf: async (id: string) => allocations.get(id) ?? gone };
  const networks = new DeviceNetworks({
    directory,
    holders: () => holders,
    allocations: kubelet,
    onChange,
    logger: silent,
  });
  opened.push(networks);
  const place = () => [...networks.place(devices)].map(([id, { network, isOpen }]) => [id, network?.name, isOpen]);
  return { networks, holders, allocations, kubelet, onChange, place };
}

test('devices go into a network when the kubelet says that nobody has them', async () => {
  const { networks, onChange, place } = open();
  expect(place()).toEqual(devices.map(({ id }) => [id, undefined, true]));
  expect(networks.report()).toEqual([]);
  expect(await networks.want([blue])).toBe(true);
  expect(await networks.want([blue])).toBe(false);
  // Closed until it has answered.
  expect(place()).toEqual([
    ['vf0', undefined, true],
    ['vf1', undefined, false],
    ['vf2', undefined, false],
  ]);
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
  expect(place()).toEqual([
    ['vf0', undefined, true],
    ['vf1', 'blue', true],
    ['vf2', 'blue', true],
  ]);
  expect(networks.of('vf1')).toEqual({ name: 'blue', logicalBridge: 'vlan-7' });
  expect(networks.report()).toEqual([{ ...blue, devices: 2, missing: '3' }]);
});

test('one that a pod was given, or the kubelet says nothing of, waits and says for what', async () => {
  const { networks, allocations, onChange, place } = open();
  place();
  allocations.set('vf1', there({ namespace: 'shop', name: 'a' }));
  allocations.set('vf2', unknown('the kubelet does not answer'));
  await networks.want([blue]);
  place();
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled());
  place();
  const waiting = ['shop/a', 'the kubelet does not answer'];
  expect(networks.report()).toEqual([{ ...blue, devices: 0, missing: '3', waiting }]);
  allocations.clear();
  networks.podsChanged();
  place();
  await vi.waitFor(() => expect(place().at(-1)).toEqual(['vf2', 'blue', true]));
  expect(networks.report()).toEqual([{ ...blue, devices: 2, missing: '3' }]);
});

test('a network that is wanted no more is reported while a pod has a device of it', async () => {
  const { networks, holders, place } = open();
  await networks.want([blue]);
  place();
  holders.set('vf1', { network: { name: 'blue', logicalBridge: 'vlan-7' }, pod: 'shop/a' });
  await networks.want([]);
  place();
  await vi.waitFor(() => expect(place().at(-1)).toEqual(['vf2', undefined, true]));
  expect(networks.report()).toEqual([{ name: 'blue', devices: 0, waiting: ['shop/a'] }]);
  expect(networks.dependsOnPods).toBe(true);
  holders.clear();
  networks.podsChanged();
  await vi.waitFor(() => expect(place()[1]).toEqual(['vf1', undefined, true]));
  expect(networks.report()).toEqual([]);
});

test('what the kubelet answers to an earlier question moves no device', async () => {
  const { networks, allocations, kubelet, place } = open();
  const answer = Promise.withResolvers<void>();
  vi.spyOn(kubelet, 'podOf').mockImplementationOnce(async () => {
    await answer.promise;
    return gone;
  });
  place();
  await networks.want([{ ...blue, vfs: '1' }]);
  place();
  // Back to where it is: open, so that a pod is given it. Then away again.
  await networks.want([]);
  expect(place()[1]).toEqual(['vf1', undefined, true]);
  allocations.set('vf1', there({ namespace: 'shop', name: 'a' }));
  await networks.want([{ ...blue, vfs: '1' }]);
  place();
  answer.resolve();
  await vi.waitFor(() => {
    place();
    expect(networks.report()?.[0]?.waiting).toEqual(['shop/a']);
  });
  expect(place()[1]).toEqual(['vf1', undefined, false]);
});

test('the next daemon knows at once what was wanted, and what pods have', async () => {
  const directory = temporaryDirectory();
  const first = open(directory);
  await first.networks.want([blue]);
  first.networks.close();
  const next = open(directory);
  next.holders.set('vf2', { network: undefined, pod: 'shop/a' });
  expect(next.networks.report()).toBeUndefined();
  expect(next.place()).toEqual([
    ['vf0', undefined, true],
    ['vf1', 'blue', true],
    ['vf2', undefined, false],
  ]);
});

test('a wish that changed while no daemon ran moves no device that a pod was given meanwhile', async () => {
  const directory = temporaryDirectory();
  const first = open(directory);
  await first.networks.want([blue]);
  first.networks.close();
  const next = open(directory);
  next.allocations.set('vf1', there({ namespace: 'shop', name: 'a' }));
  await next.networks.want([{ ...blue, name: 'red' }]);
  expect(next.place()).toEqual([
    ['vf0', undefined, true],
    ['vf1', 'blue', false],
    ['vf2', 'blue', false],
  ]);
  await vi.waitFor(() => expect(next.place().at(-1)).toEqual(['vf2', 'red', true]));
  expect(next.place()[1]).toEqual(['vf1', 'blue', false]);
});

test('the next daemon knows which devices have not changed yet, and which have since', async () => {
  const directory = temporaryDirectory();
  const first = open(directory);
  await first.networks.want([blue]);
  first.place();
  await vi.waitFor(() => expect(first.place().at(-1)).toEqual(['vf2', 'blue', true]));
  first.allocations.set('vf1', there({ namespace: 'shop', name: 'a' }));
  await first.networks.want([{ ...blue, name: 'red' }]);
  first.place();
  await vi.waitFor(() => expect(first.place().at(-1)).toEqual(['vf2', 'red', true]));
  const onDisk = () => {
    const entries = readdirSync(join(directory, 'networks'), { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ name }) => readFileSync(join(directory, 'networks', name), 'utf8')).join();
  };
  await vi.waitFor(() => expect(onDisk()).toMatch(/^(?=.*vf1)(?!.*vf2)/s));
  first.networks.close();
  const next = open(directory);
  next.allocations.set('vf1', there({ namespace: 'shop', name: 'a' }));
  expect(next.place()).toEqual([
    ['vf0', undefined, true],
    ['vf1', 'blue', false],
    ['vf2', 'red', true],
  ]);
});
