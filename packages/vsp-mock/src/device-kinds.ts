/** What devices a software DPU hands to pods, and how to know one again. */
import type { IpCommand, Link } from '@dpu-operator/sdk/linux';
import { indexIn, macOf, nfName, nfPortName, representorName, vfName } from './names.ts';
import { MAX_VFS, type Settings } from './settings.ts';

/** What the tunnels between the two nodes have in common. */
export interface Tunnels {
  settings: Settings;
  /** Address of the other node. */
  peer: string;
  node: { name: string; ip: string };
  mtu: number;
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
export function vxlanKind(tunnels: Tunnels): DeviceKind {
  return {
    name: vfName,
    prefix: vfName(0).slice(0, -1),
    create: (index) => vxlanCommand(vfName(index), index, tunnels),
    identify: (link) => vxlanIndex(link, tunnels),
  };
}

/** The other end of {@link vxlanKind}. */
export function vxlanCommand(name: string, index: number, { settings, peer, node, mtu }: Tunnels): IpCommand {
  const device = `link add ${name} address ${macOf(node.name, name)} mtu ${mtu}`;
  const tunnel = `type vxlan id ${settings.vniBase + index} local ${node.ip} remote ${peer}`;
  // There is one other end, so nothing is to be learned about where an address lives.
  return `${device} ${tunnel} dstport ${settings.vxlanPort} nolearning`;
}

function vxlanIndex(link: Link, { settings, peer }: Tunnels): number | undefined {
  const index = (link.vxlan?.vni ?? -1) - settings.vniBase;
  const ours = link.vxlan?.port === settings.vxlanPort && link.vxlan.remote === peer;
  return ours && index >= 0 && index < MAX_VFS ? index : undefined;
}

/** A VF on one node: a veth end whose peer is its representor. */
export const vethVfKind = (nodeName: string, mtu: number): DeviceKind =>
  vethKind(nodeName, mtu, vfName, representorName);

/** A port for network functions on the DPU node. */
export const nfKind = (nodeName: string, mtu: number): DeviceKind => vethKind(nodeName, mtu, nfName, nfPortName);

function vethKind(
  nodeName: string,
  mtu: number,
  name: (index: number) => string,
  port: (index: number) => string,
): DeviceKind {
  const portPrefix = port(0).slice(0, -1);
  return {
    name,
    prefix: name(0).slice(0, -1),
    create: (index) => {
      const device = `link add ${name(index)} address ${macOf(nodeName, name(index))} mtu ${mtu}`;
      return `${device} type veth peer name ${port(index)} address ${macOf(nodeName, port(index))} mtu ${mtu}`;
    },
    identify: (link) => indexIn(link.peer?.name ?? '', portPrefix),
  };
}
