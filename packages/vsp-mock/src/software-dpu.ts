import type { Plugin, PluginContext } from '@dpu-operator/sdk';
import { createDpuSide } from './dpu-side.ts';
import { createHostSide } from './host-side.ts';
import { parseSettings } from './settings.ts';
import { oneNodeMtu, tunnelMtu } from './switch/underlay.ts';

/**
 * One side of a software DPU, with its devices made and its switch running.
 *
 * @param netns path of a network namespace that stands for the node; default: that of this process
 * @throws DpuError INVALID_ARGUMENT naming the setting that is wrong, UNAVAILABLE while no route leads to the peer
 */
export async function createSoftwareDpu(context: PluginContext<unknown>, netns?: string): Promise<Plugin> {
  const { dpu, platform, logger, node, stateDirectory } = context;
  const settings = parseSettings(context.settings);
  const { peer } = settings;
  const served = {
    name: node.name,
    ip: node.ip,
    settings,
    mtu: peer === undefined ? oneNodeMtu : await tunnelMtu(platform.exec, peer),
    platform,
    netns,
    logger,
  };
  return dpu.side === 'host' ? createHostSide(served) : createDpuSide(served, dpu.identifier, stateDirectory);
}
