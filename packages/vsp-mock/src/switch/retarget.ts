/** Points the VFs that pods have to the DPU node when its address has changed. */
import { DpuError } from '@dpu-operator/sdk';
import { linksOfPods } from '@dpu-operator/sdk/linux';
import type { TunnelNode } from '../devices/device-kinds.ts';
import { MAX_VFS } from '../settings.ts';

export async function retargetPods({ settings, peer, ip, platform, logger }: TunnelNode): Promise<void> {
  for (const { netns, link } of await linksOfPods(platform.links, 'vxlan')) {
    const { vni = -1, port, local, remote } = link.vxlan ?? {};
    const isVf = port === settings.vxlanPort && vni >= settings.vniBase && vni < settings.vniBase + MAX_VFS;
    if (!isVf || local !== ip || remote === peer) continue;
    const change = ['ip', 'link', 'set', 'dev', link.name, 'type', 'vxlan', 'remote', peer];
    try {
      await platform.exec('nsenter', [`--net=${netns}`, ...change]);
      logger.info({ netns, device: link.name, from: remote, to: peer }, 'a VF of a pod leads to the new address');
    } catch (error) {
      // The pod may be on its way out; it must not keep the others from theirs.
      logger.warn({ netns, device: link.name, err: DpuError.from(error) }, 'a VF of a pod leads to the old address');
    }
  }
}
