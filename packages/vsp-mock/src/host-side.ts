/** The host's half of a software DPU: the VFs. */
import { type Plugin, Serial } from '@dpu-operator/sdk';
import { DevicePool, Keeper } from '@dpu-operator/sdk/linux';
import { vethVfKind, vxlanKind } from './devices/device-kinds.ts';
import type { Node } from './node.ts';
import { daemonAddress, MAX_VFS } from './settings.ts';
import { retargetPods } from './switch/retarget.ts';

export async function createHostSide(node: Node): Promise<Plugin> {
  const { settings } = node;
  const { peer } = settings;
  const serial = new Serial();
  const pool = new DevicePool(node, peer === undefined ? vethVfKind(node) : vxlanKind({ ...node, peer }));
  const keeper = new Keeper({ logger: node.logger, netns: node.netns, look: () => serial.run(() => pool.ensure()) });
  if (peer !== undefined) await retargetPods({ ...node, peer });
  const { unsettled } = await pool.adopt(settings.vfs);
  keeper.start();
  if (unsettled) keeper.poke();
  return {
    address: daemonAddress(settings, 'host', node.ip),
    limits: { maxVfs: MAX_VFS },
    getDevices: async () => pool.devices(),
    setNumVfs: (count) => serial.run(() => pool.resize(count)),
    watchDevices: (onChange) => pool.watch(onChange),
    close: async () => {
      keeper.stop();
      await serial.run(async () => {});
    },
  };
}
