import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import type { Exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Ipam } from '../ipam/index.ts';
import type { Attachment } from './attachment.ts';
import { Devices } from './devices.ts';
import { PodLinks } from './pod-links.ts';
import type { DataPath } from './ports.ts';
import { Releaser } from './releaser.ts';
import { AttachmentStore } from './store.ts';

const record: Attachment = {
  id: '6f6f3b9e-0f0c-4e83-8f0a-3c58c1a3b6f4',
  containerId: 'pod',
  ifName: 'net1',
  network: 'net',
  netns: '/run/netns/gone',
  netnsId: '4:1',
  state: 'attached',
  role: 'hostPort',
  deviceId: 'vf3',
  dpuName: 'dpu',
  pf: 0,
  vf: 3,
  link: { name: 'vf3', mac: '02:00:00:00:00:03', mtu: 1500 },
  mac: '02:00:00:00:00:03',
  bridgePort: 'host0-3',
};

/** A device that is back already, and a DPU that has no data path unless one is given. */
function releaser(isGone: boolean, options: { dataPath?: DataPath; exec?: Exec } = {}) {
  const root = mkdtempSync(join(tmpdir(), 'releaser-'));
  const link = join(root, 'sys/class/net/vf3');
  mkdirSync(link, { recursive: true });
  writeFileSync(join(link, 'address'), record.link.mac);
  writeFileSync(join(link, 'mtu'), '1500');
  const store = new AttachmentStore({ directory: join(root, 'attachments'), logger: pino({ level: 'silent' }) });
  store.put(record);
  const exec = options.exec ?? (async () => ({ stdout: '', stderr: '', exitCode: 0 }));
  const of = new Releaser({
    store,
    exec,
    devices: new Devices(join(root, 'sys')),
    links: new PodLinks(exec),
    ipam: new Ipam(exec),
    directory: {
      find: () => undefined,
      dpu: () => options.dataPath && { dpuName: 'dpu', side: 'dpu', dataPath: options.dataPath },
      dpuSide: () => undefined,
      isGone: () => isGone,
      sides: () => new Set(),
    },
  });
  return { of, store };
}

test('a DPU that is not ready yet keeps the attachment', async () => {
  const { of, store } = releaser(false);
  await expect(of.release(record)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(store.get(record)?.state).toBe('detaching');
});

test('a DPU that was torn down keeps no pod from being deleted', async () => {
  const { of, store } = releaser(true);
  await of.release(record);
  expect(store.list()).toEqual([]);
});

test.each(['closes it', 'fails to'])('a function of a chain keeps its device until the VSP %s', async (outcome) => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const unused = async () => {};
  const dataPath: DataPath = {
    createBridgePort: unused,
    deleteBridgePort: unused,
    createNetworkFunction: unused,
    deleteNetworkFunction: async (nf, chain) => {
      await gate.promise;
      log.push(`${nf.input} of ${chain}`);
      if (outcome === 'fails to') throw new DpuError('INTERNAL', 'a bug');
    },
  };
  // The VF's former settings are given back with the device.
  const exec = async () => {
    log.push('device');
    return { stdout: '', stderr: '', exitCode: 0 };
  };
  const { of, store } = releaser(false, { dataPath, exec });
  const { bridgePort: _, ...rest } = record;
  const physicalFunction = { netdev: 'pf0', vf: 3, wanted: { vlan: 5 }, before: { vlan: 0 } };
  const networkFunction = { input: 'a', output: 'b', chain: { name: 'shop/edge', function: 'nat' } };
  const held = { ...rest, role: 'networkFunction' as const, physicalFunction, networkFunction };
  store.put(held);
  const released = of.release(held).catch(() => {});
  await new Promise(setImmediate);
  gate.resolve();
  await released;
  expect(log).toEqual(['a of shop/edge', 'device']);
  expect(store.list()).toHaveLength(outcome === 'fails to' ? 1 : 0);
});
