/** What devices a software DPU hands to pods, and how to know one again. */
import {
  type DeviceKind,
  derivedMac,
  type IpCommand,
  type Link,
  type VethPairs,
  vethKind,
} from '@dpu-operator/sdk/linux';
import { prefixes, vfName } from '../names.ts';
import type { Node } from '../node.ts';
import { MAX_VFS } from '../settings.ts';

/** A node, and the one at the other end of its tunnels. */
export interface TunnelNode extends Node {
  /** Address of the other node. */
  peer: string;
}

/** A VF across two nodes: one end of a tunnel whose other end is its representor on the DPU node. */
export function vxlanKind(node: TunnelNode): DeviceKind {
  return {
    name: vfName,
    prefix: prefixes.vf,
    create: (index) => vxlanCommand(vfName(index), index, node),
    identify: (link) => vxlanIndex(link, node),
  };
}

/** The other end of {@link vxlanKind}. */
export function vxlanCommand(name: string, index: number, { settings, peer, mtu, ...node }: TunnelNode): IpCommand {
  const vxlan = { vni: settings.vniBase + index, port: settings.vxlanPort, local: node.ip, remote: peer };
  return { create: { name, kind: 'vxlan', mac: derivedMac(node.name, name), mtu, vxlan } };
}

function vxlanIndex(link: Link, { settings, peer }: TunnelNode): number | undefined {
  const index = (link.vxlan?.vni ?? -1) - settings.vniBase;
  const ours = link.vxlan?.port === settings.vxlanPort && link.vxlan.remote === peer;
  return ours && index >= 0 && index < MAX_VFS ? index : undefined;
}

/** Of VFs on one node: the end that stays is the representor. */
export function vfPairs({ name, mtu }: Node): VethPairs {
  return { nodeName: name, mtu, given: prefixes.vf, kept: prefixes.representor };
}

/** Of ports for network functions on the DPU node. */
export function nfPairs({ name, mtu }: Node): VethPairs {
  return { nodeName: name, mtu, given: prefixes.nf, kept: prefixes.nfPort };
}

export const vethVfKind = (node: Node): DeviceKind => vethKind(vfPairs(node));

export const nfKind = (node: Node): DeviceKind => vethKind(nfPairs(node));
