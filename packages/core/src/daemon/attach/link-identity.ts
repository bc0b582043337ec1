/** What of a netdev a pod cannot change: by that it is found again, whatever its name and MAC are by then. */
import type { LinkProperties } from '@dpu-operator/sdk/linux';
import { z } from 'zod';

const text = z.string().exactOptional();
const number = z.int().exactOptional();

export const linkIdentity = z.object({
  /** In the namespace where it was read; the kernel keeps it over a move unless it is taken there. */
  ifindex: z.int(),
  /** `veth`, `vxlan`, …; none for hardware. */
  kind: text,
  pciAddress: text,
  permanentMac: text,
  /** veth: ifindex of the other end. */
  peerIfindex: number,
  vxlanId: number,
});
export type LinkIdentity = z.infer<typeof linkIdentity>;

export function identityOf({ index, kind, pciAddress, permanentMac, peer, vxlan }: LinkProperties): LinkIdentity {
  return {
    ifindex: index,
    ...(kind !== undefined && { kind }),
    ...(pciAddress !== undefined && { pciAddress }),
    ...(permanentMac !== undefined && { permanentMac }),
    ...(peer?.index !== undefined && { peerIfindex: peer.index }),
    ...(vxlan && { vxlanId: vxlan.vni }),
  };
}

/** The first property that the device has decides. */
export function sameDevice(device: LinkIdentity, link: LinkProperties): boolean {
  const other = identityOf(link);
  if (device.pciAddress !== undefined) return device.pciAddress === other.pciAddress;
  if (device.permanentMac !== undefined) return device.permanentMac === other.permanentMac;
  if (device.kind !== other.kind) return false;
  if (device.peerIfindex !== undefined) return device.peerIfindex === other.peerIfindex;
  if (device.vxlanId !== undefined) return device.vxlanId === other.vxlanId;
  return device.ifindex === other.ifindex;
}
