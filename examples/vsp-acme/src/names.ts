/** Names of the links that make an Acme DPU. Linux allows 15 characters. */
import { createHash } from 'node:crypto';
import { DpuError } from '@dpu-operator/sdk';

export const MAX_VFS = 128;

/** All links of ours begin so. */
export const OURS = 'acme-';

/** Links that differ by a number. */
export interface Row {
  name(index: number): string;
  /** Undefined for the name of any other link. */
  index(name: string): number | undefined;
}

/** On the host's node. */
export const vfs = row('acme-vf');
/**
 * The node's end of a VF; where the DPU is another node, a bridge joins it to the tunnel. The DPU's node has a link of
 * this name for each VF, too: the other end of the tunnel.
 */
export const representors = row('acme-rep');
export const tunnels = row('acme-tun');
export const joins = row('acme-join');

/** What network functions are given on a DPU's node that is not the host, and the node's end of it. */
export const functionDevices = row('acme-nf');
export const functionPorts = row('acme-np');

/** Bridge of the host ports that are on no logical bridge. */
export const HOSTS = 'acme-hosts';
/** Bridge of the uplink, once network functions stand between it and the hosts. */
export const OUTSIDE = 'acme-outside';
/** Bridges of logical bridges, by VLAN. */
export const lans = row('acme-lan');
/** Bridges behind the functions of a chain, by the index of their output. */
export const hops = row('acme-hop');

function row(prefix: string): Row {
  return {
    name: (index) => `${prefix}${index}`,
    index: (name) => {
      const digits = name.startsWith(prefix) ? name.slice(prefix.length) : '';
      return /^(0|[1-9]\d*)$/.test(digits) ? Number(digits) : undefined;
    },
  };
}

/** Locally administered, and the same whenever the link is made anew. */
export function macOf(nodeName: string, linkName: string): string {
  const hash = createHash('sha256').update(`acme ${nodeName} ${linkName}`).digest();
  return ['02', ...Array.from(hash.subarray(0, 5), (byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

const firstHost = row('bridgePorts/host0-');

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
  const vf = firstHost.index(name);
  if (vf === undefined) {
    throw new DpuError('INVALID_ARGUMENT', `bridge_port.name: ${name} names no VF of this DPU, it must be host0-<vf>`);
  }
  if (vf < MAX_VFS) return vf;
  throw new DpuError('RESOURCE_EXHAUSTED', `bridge_port.name: the last VF of an Acme DPU is ${MAX_VFS - 1}, not ${vf}`);
}
