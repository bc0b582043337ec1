/** What devices a software DPU hands to pods, and how to know one again. */
import type { IpCommand, Link } from '@dpu-operator/sdk/linux';
import { indexIn, macOf, nfName, nfPortName, prefixOf, representorName, vfName } from './names.ts';
import type { Node } from './node.ts';
import { MAX_VFS } from './settings.ts';

/** A node, and the one at the other end of its tunnels. */
export interface TunnelNode extends Node {
  /** Address of the other node. */
  peer: string;
}

/** A row of devices of one sort, each known by its index. */
export interface DeviceKind {
  /** Its name while no pod has it. */
  name(index: number): string;
  prefix: string;
  /** Fails with ALREADY_EXISTS while the device exists in any namespace. */
  create(index: number): IpCommand;
  /** Which device a link is, whatever it is called; undefined for one that is not of this kind. */
  identify(link: Link): number | undefined;
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
  const device = `link add ${name} address ${macOf(node.name, name)} mtu ${mtu}`;
  const tunnel = `type vxlan id ${settings.vniBase + index} local ${node.ip} remote ${peer}`;
  // There is one other end, so nothing is to be learned about where an address lives.
  return `${device} ${tunnel} dstport ${settings.vxlanPort} nolearning`;
}

function vxlanIndex(link: Link, { settings, peer }: TunnelNode): number | undefined {
  const index = (link.vxlan?.vni ?? -1) - settings.vniBase;
  const ours = link.vxlan?.port === settings.vxlanPort && link.vxlan.remote === peer;
  return ours && index >= 0 && index < MAX_VFS ? index : undefined;
}

/** A VF on one node: a veth end whose peer is its representor. */
export const vethVfKind = (node: Node): DeviceKind => vethKind(node, vfName, representorName);

/** A port for network functions on the DPU node. */
export const nfKind = (node: Node): DeviceKind => vethKind(node, nfName, nfPortName);

function vethKind(
  { name: nodeName, mtu }: Node,
  name: (index: number) => string,
  port: (index: number) => string,
): DeviceKind {
  const portPrefix = prefixOf(port);
  return {
    name,
    prefix: prefixOf(name),
    create: (index) => {
      const device = `link add ${name(index)} address ${macOf(nodeName, name(index))} mtu ${mtu}`;
      return `${device} type veth peer name ${port(index)} address ${macOf(nodeName, port(index))} mtu ${mtu}`;
    },
    identify: (link) => indexIn(link.peer?.name ?? '', portPrefix),
  };
}
