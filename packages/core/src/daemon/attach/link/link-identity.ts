/** What of a netdev a pod cannot change: by that it is found again, whatever its name and MAC are by then. */
import type { LinkProperties } from '@dpu-operator/sdk/linux';
import { omitUndefined } from '@dpu-operator/sdk/wire';
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
  /** Number of the namespace of what it hangs on, where that was not the same. */
  linkNetnsId: number,
});
export type LinkIdentity = z.infer<typeof linkIdentity>;

export function identityOf(link: LinkProperties): LinkIdentity {
  return omitUndefined({
    ifindex: link.index,
    kind: link.kind,
    pciAddress: link.pciAddress,
    permanentMac: link.permanentMac,
    peerIfindex: link.peer?.index,
    vxlanId: link.vxlan?.vni,
    linkNetnsId: link.linkNetnsId,
  });
}

/**
 * The first property that the device has decides.
 *
 * @param hostNetnsId number of the namespace where the identity was read, where the link is in another: a pod can make
 * a veth or VXLAN of the same numbers, but not one that hangs on something of the host
 */
export function sameDevice(device: LinkIdentity, link: LinkProperties, hostNetnsId?: number): boolean {
  const other = identityOf(link);
  if (device.pciAddress !== undefined) return device.pciAddress === other.pciAddress;
  if (device.permanentMac !== undefined) return device.permanentMac === other.permanentMac;
  if (device.kind !== other.kind) return false;
  const hangsOnHost = device.linkNetnsId !== undefined || other.linkNetnsId === hostNetnsId;
  if (device.peerIfindex !== undefined) return device.peerIfindex === other.peerIfindex && hangsOnHost;
  if (device.vxlanId !== undefined) return device.vxlanId === other.vxlanId && hangsOnHost;
  return device.ifindex === other.ifindex;
}
