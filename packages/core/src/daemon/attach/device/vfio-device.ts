/**
 * A VF bound to vfio-pci. A program in the pod drives it through /dev/vfio, which Allocate gives; the kernel has no netdev
 * of it. So nothing moves into the pod: MAC address, VLAN and the rest are what its physical function sets, and the
 * addresses of IPAM are in the result for the program to use.
 */
import { randomBytes } from 'node:crypto';

/** What drivers report of a VF whose address nobody set. */
export const unsetMac = '00:00:00:00:00:00';

/**
 * The address that the VF is set to. Where nobody chose one, its program would take a random address that its bridge port
 * does not know, so the choice is made here.
 *
 * @param asked by the pod or its network
 * @param present what the physical function has set
 */
export function vfioMac(asked: string | undefined, present: string | undefined): string {
  if (asked !== undefined) return asked;
  if (present !== undefined && present !== unsetMac) return present;
  const bytes = randomBytes(6);
  // Locally administered, unicast.
  bytes[0] = 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
