/**
 * How virtual functions are set up on both ends of the card's inner switch: VF i of the host and VF i of the backplane
 * port are alone on VLAN i + 2, so that each frame of a pod goes through the DPU.
 */
import type { Platform } from '@dpu-operator/sdk';

/** VLAN 0 is untagged, and 1 what switches take for untagged. */
const firstVlan = 2;

export async function setUpVfs({ sriov }: Pick<Platform, 'sriov'>, pf: string, count: number): Promise<void> {
  for (let vf = 0; vf < count; vf++) {
    await sriov.setVf(pf, vf, {
      vlan: { id: vf + firstVlan, qos: 0, protocol: '802.1q' },
      // Frames come from pods and functions with MACs that are not the function's own.
      spoofCheck: false,
      // Lets it take in frames for other MACs.
      trust: true,
    });
  }
}
