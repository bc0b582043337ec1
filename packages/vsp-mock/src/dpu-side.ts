/** The DPU's half of a software DPU: the switch, and devices for network functions. */
import { type Plugin, Serial } from '@dpu-operator/sdk';
import { ClosedMarker, DevicePool, indexIn, Keeper, type LinkChange } from '@dpu-operator/sdk/linux';
import { nfKind } from './devices/device-kinds.ts';
import { handsOutVfs } from './devices/find-device.ts';
import { BRIDGE, OUTER_BRIDGE, prefixes } from './names.ts';
import type { Node } from './node.ts';
import { daemonAddress, MAX_VFS } from './settings.ts';
import { SwitchDataPath } from './switch/data-path.ts';
import { Switch } from './switch/switch.ts';

/** @param stateDirectory outlives the process */
export async function createDpuSide(node: Node, identifier: string, stateDirectory: string): Promise<Plugin> {
  const { settings } = node;
  const serial = new Serial();
  const pool = handsOutVfs(node) ? undefined : new DevicePool(node, nfKind(node));
  const bridge = new Switch({ node, identifier, onLost: () => keeper.poke() });
  const closed = new ClosedMarker(stateDirectory);
  const dataPath = new SwitchDataPath({ node, switch: bridge, closed, serial });
  const look = async () => {
    const state = await pool?.ensure();
    await dataPath.repair();
    return state ?? { absent: [], unsettled: false };
  };
  const ignore = (change: LinkChange) => pool !== undefined && isOwnWork(change);
  const keeper = new Keeper({ logger: node.logger, netns: node.netns, ignore, look: () => serial.run(look) });
  try {
    const state = await pool?.adopt(settings.networkFunctionPorts);
    await dataPath.start();
    keeper.start();
    if (state?.unsettled) keeper.poke();
  } catch (error) {
    await bridge.stop();
    throw error;
  }
  return {
    address: daemonAddress(settings, 'dpu', node.ip),
    limits: { maxVfs: MAX_VFS, perBridge: true },
    dataPath,
    getDevices: async () => pool?.devices() ?? [],
    setNumVfs: (count) =>
      serial.run(async () => {
        const made = (await pool?.resize(count)) ?? 0;
        if (count === 0) await dataPath.remove();
        return made;
      }),
    watchDevices: (onChange) => pool?.watch(onChange) ?? (() => {}),
    healthy: async () => dataPath.healthy,
    close: async () => {
      keeper.stop();
      await serial.run(() => bridge.stop());
    },
  };
}

/** Whether only this side makes such links: news of them are of its own doing, unless they go. */
function isOwnWork({ name, deleted }: LinkChange): boolean {
  const own = [prefixes.representor, prefixes.nfPort];
  return (
    !deleted && ([BRIDGE, OUTER_BRIDGE].includes(name) || own.some((prefix) => indexIn(name, prefix) !== undefined))
  );
}
