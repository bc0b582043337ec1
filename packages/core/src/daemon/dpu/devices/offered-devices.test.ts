import type { VfPosition } from '@dpu-operator/sdk/linux';
import { expect, test } from 'vitest';
import { DevicePool } from '../../kubelet/pool.ts';
import { OfferedDevices } from './offered-devices.ts';

const device = { id: '0000:65:02.0', healthy: true };

test('a device has a place only with its network: a pod would be on the default bridge', async () => {
  const looked = Promise.withResolvers<VfPosition>();
  const pool = new DevicePool();
  const devices = new OfferedDevices({
    dpuName: 'a',
    pool,
    sysfs: { vfPosition: () => looked.promise },
    networks: { place: () => new Map([[device.id, { network: { name: 'blue' }, isOpen: true }]]) },
  });
  const other = { id: 'vf1', pf: 0, vf: 1, healthy: true };
  const set = devices.set([device, other]);
  await Promise.resolve();
  // That of the one is known already, that of the other is looked for.
  expect(devices.position(other.id)).toBeUndefined();
  expect(pool.list()).toEqual([]);
  looked.resolve({ pf: 0, vf: 0 });
  await set;
  expect([devices.position(device.id), devices.position(other.id)]).toEqual([
    { pf: 0, vf: 0 },
    { pf: 0, vf: 1 },
  ]);
  expect(pool.list().map(({ resource }) => resource)).toEqual(['openshift.io/dpunetwork-blue', 'openshift.io/dpu']);
});
