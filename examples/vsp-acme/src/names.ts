/** Names of the links that make an Acme DPU. Linux allows 15 characters. */
import { createHash } from 'node:crypto';
import { DpuError } from '@dpu-operator/sdk';

export const MAX_VFS = 128;

/** The host's node. */
export const vfName = (index: number) => `acme-vf${index}`;
/** The node's end of a VF; where the DPU is another node, a bridge joins it to the tunnel. */
export const representorName = (index: number) => `acme-rep${index}`;
export const tunnelName = (index: number) => `acme-tun${index}`;
export const joinName = (index: number) => `acme-join${index}`;

/** The DPU's node. A VF is there as its representor, too: the other end of the tunnel. */
export const functionName = (index: number) => `acme-nf${index}`;
export const functionPortName = (index: number) => `acme-np${index}`;
/** Bridge of the host ports that are on no logical bridge. */
export const HOSTS = 'acme-hosts';
/** Bridge of the uplink, once network functions stand between it and the hosts. */
export const OUTSIDE = 'acme-outside';
/** Bridge of a logical bridge. */
export const lanName = (vlanId: number) => `acme-lan${vlanId}`;
/** Bridge behind the function of a chain whose output has this index. */
export const hopName = (index: number) => `acme-hop${index}`;

/** The number in `<prefix><number>`, undefined for any other name. */
export function indexIn(name: string, prefix: string): number | undefined {
  const [, start, digits] = /^(.*?)(0|[1-9]\d*)$/.exec(name) ?? [];
  return start === prefix ? Number(digits) : undefined;
}

/** Locally administered, and the same whenever the link is made anew. */
export function macOf(nodeName: string, linkName: string): string {
  const hash = createHash('sha256').update(`acme ${nodeName} ${linkName}`).digest();
  return ['02', ...Array.from(hash.subarray(0, 5), (byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/**
 * The VF in the name of a bridge port.
 *
 * @throws DpuError INVALID_ARGUMENT, FAILED_PRECONDITION for a second host's port, RESOURCE_EXHAUSTED for a VF beyond
 * the last
 */
export function vfOfBridgePort(name: string): number {
  if (/^bridgePorts\/host0-\d+-[0-9a-f]{8}$/.test(name)) {
    const text = `bridge_port.name: ${name} is of a second host, and an Acme DPU serves one; delete the first one's port`;
    throw new DpuError('FAILED_PRECONDITION', text);
  }
  const vf = indexIn(name, 'bridgePorts/host0-');
  if (vf === undefined) {
    throw new DpuError('INVALID_ARGUMENT', `bridge_port.name: ${name} names no VF of this DPU, it must be host0-<vf>`);
  }
  if (vf < MAX_VFS) return vf;
  throw new DpuError('RESOURCE_EXHAUSTED', `bridge_port.name: the last VF of an Acme DPU is ${MAX_VFS - 1}, not ${vf}`);
}
