/** Names and addresses that both sides of a software DPU work out for themselves. */
import { DpuError } from '@dpu-operator/sdk';
import { MAX_VFS } from './settings.ts';

export const BRIDGE = 'br-swdpu';
/** Between that and the uplink, while functions work for one VLAN alone. */
export const OUTER_BRIDGE = 'br-swdpu-out';
/** The two ends of what joins them. */
export const PATCH = { inner: 'swdpu-inner', outer: 'swdpu-outer' } as const;

/** Names of devices are one of these and a number. */
export const prefixes = {
  /** Host side, handed to pods. */
  vf: 'swdpu-vf',
  /** DPU side, the bridge port of a VF. */
  representor: 'swdpu-rep',
  /** DPU side, handed to network-function pods. */
  nf: 'swdpu-nf',
  /** The bridge's end of the same pair. */
  nfPort: 'swdpu-np',
} as const;

export const vfName = (index: number) => `${prefixes.vf}${index}`;
export const representorName = (index: number) => `${prefixes.representor}${index}`;
export const nfPortName = (index: number) => `${prefixes.nfPort}${index}`;

/**
 * The VF of a bridge port: its name is `bridgePorts/host<pf>-<vf>`, as host sides call it. A software DPU has one PF, and a VF of it
 * ends at one host, the peer.
 *
 * @throws DpuError INVALID_ARGUMENT for another name, FAILED_PRECONDITION for a second host's port of a VF,
 * RESOURCE_EXHAUSTED for a VF beyond those there can be
 */
export function vfOfBridgePort(name: string): number {
  const [, pf, vf, host] = /^bridgePorts\/host(0|[1-9]\d*)-(0|[1-9]\d*)(-[0-9a-f]{8})?$/.exec(name) ?? [];
  if (host !== undefined) {
    const why = `a software DPU serves one host, and another host has the port host${pf}-${vf}`;
    throw new DpuError('FAILED_PRECONDITION', `bridge_port.name: ${JSON.stringify(name)}: ${why}; delete that first`);
  }
  const fault = `bridge_port.name: ${JSON.stringify(name)} names no VF, it must be host0-<vf>`;
  if (pf !== '0') throw new DpuError('INVALID_ARGUMENT', fault);
  if (Number(vf) >= MAX_VFS) throw new DpuError('RESOURCE_EXHAUSTED', `${fault} with a VF from 0 to ${MAX_VFS - 1}`);
  return Number(vf);
}
