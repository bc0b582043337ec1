/** DpuNetworks on a DPU, from the devices of its VSP to the pool and the VSP of the DPU side. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import { afterEach, expect, test, vi } from 'vitest';
import { silent } from '../datapath/testing.ts';
import { DevicePool } from '../kubelet/pool.ts';
import { gone } from '../presence.ts';
import { freePort, Vsp } from '../testing/vsp.ts';
import type { DeviceHolder } from './devices/device-placing.ts';
import { DpuManager } from './dpu-manager.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function served(side: DpuSide) {
  const directory = mkdtempSync(join(tmpdir(), 'dpu-'));
  const vsp = new Vsp(await freePort());
  vsp.numVfs = 3;
  vsp.accelerated = [];
  await vsp.start(join(directory, 'vsp'));
  cleanups.push(() => vsp.stop());
  const pool = new DevicePool();
  const holders = new Map<string, DeviceHolder>();
  const manager = new DpuManager({
    dpu: { name: `test-${side}`, identifier: 'test', productName: 'Test DPU', side, plugin: 'test' },
    nodeName: 'node-1',
    directories: { vsp: join(directory, 'vsp'), state: join(directory, 'state') },
    pool,
    attachments: {
      pods: () => [],
      bridgePorts: () => [],
      networkFunctions: () => [],
      devices: () => holders,
    },
    sysfs: { vfPosition: async () => undefined },
    allocations: { podOf: async () => gone },
    onChange: () => {},
    logger: silent,
  });
  manager.setChannel({ security: 'plain' });
  cleanups.push(() => manager.close());
  const offers = (expected: string[]) =>
    vi.waitFor(() =>
      expect(pool.list().map(({ id, resource }) => `${id} ${resource.replace('openshift.io/', '')}`)).toEqual(expected),
    );
  return { manager, vsp, pool, holders, offers, directory: join(directory, 'vsp') };
}

test('devices are offered by the resource of their network, and go back when it ends', async () => {
  const { manager, offers, holders, pool } = await served('host');
  await offers(['vf0 dpu', 'vf1 dpu', 'vf2 dpu']);
  await manager.setNetworks([{ name: 'blue', vfs: '1-2' }]);
  await offers(['vf0 dpu', 'vf1 dpunetwork-blue', 'vf2 dpunetwork-blue']);
  expect(manager.networks.of('vf1')).toEqual({ name: 'blue' });
  holders.set('vf1', { network: { name: 'blue' }, pod: 'shop/a' });
  await manager.setNetworks([]);
  await offers(['vf0 dpu', 'vf1 dpunetwork-blue', 'vf2 dpu']);
  expect(manager.networks.report()).toEqual([{ name: 'blue', devices: 0, waiting: ['shop/a'] }]);
  holders.clear();
  manager.podsChanged();
  await offers(['vf0 dpu', 'vf1 dpu', 'vf2 dpu']);
  expect(manager.networks.report()).toEqual([]);
  expect(pool.of('openshift.io/dpunetwork-blue').list()).toEqual([]);
});

test('a DPU side tells its VSP of acceleration, and offers the devices for it by their own resource', async () => {
  const { manager, vsp, offers, directory } = await served('dpu');
  vsp.details = (vf) => (vf === 2 ? { id: 'accelerated:nf2' } : {});
  await vi.waitFor(() => expect(vsp.accelerated).toEqual([false]));
  await manager.setNetworks([{ name: 'fast', vfs: '0', accelerated: true }]);
  await vi.waitFor(() => expect(vsp.accelerated).toEqual([false, true]));
  vsp.changed();
  await offers(['nf2 dpu-accelerated', 'vf0 dpunetwork-fast', 'vf1 dpu']);
  await vsp.stop();
  await vsp.start(directory);
  await vi.waitFor(() => expect(vsp.accelerated).toEqual([false, true, true]));
});
