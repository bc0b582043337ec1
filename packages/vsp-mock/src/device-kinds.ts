/** What devices a software DPU hands to pods, and how to know one again. */
import {
  type DeviceKind,
  derivedMac,
  type IpCommand,
  type Link,
  type VethPairs,
  vethKind,
} from '@dpu-operator/sdk/linux';
import { nfName, nfPortName, prefixOf, representorName, vfName } from './names.ts';
import type { Node } from './node.ts';
import { MAX_VFS } from './settings.ts';

/** A node, and the one at the other end of its tunnels. */
export interface TunnelNode extends Node {
  /** Address of the other node. */
  peer: string;
}

/** A VF across two nodes: one end of a tunnel whose other end is its representor on the DPU node. */
export function vxlanKind(node: TunnelNode): DeviceKind {
  return {
    name: vfName,
    prefix: prefixOf(vfName),
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

/** A VF on one node: a veth end whose peer is its representor. */
export const vethVfKind = (node: Node): DeviceKind => vethKind(pairsOf(node, vfName, representorName));

/** A port for network functions on the DPU node. */
export const nfKind = (node: Node): DeviceKind => vethKind(pairsOf(node, nfName, nfPortName));

/** The pairs whose ends have these names. */
export function pairsOf({ name, mtu }: Node, given: typeof vfName, kept: typeof vfName): VethPairs {
  return { nodeName: name, mtu, given: prefixOf(given), kept: prefixOf(kept) };
}
