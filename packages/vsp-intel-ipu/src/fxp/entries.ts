/** What the FXP is told: table entries by names, for the card as a whole and for what is placed on it. Pure. */

import type { ChainPlacement, HostPlacement, Pair, Placement, Placements } from '../interfaces/placement.ts';
import type { Entry } from '../p4rt/program.ts';
import { macValue } from '../p4rt/values.ts';

/** What the names of the program's tables and actions begin with. */
export const programPrefix = 'linux_networking_control.';

/** The tables that entries are written to. */
export const tables = [
  'rx_source_port',
  'source_port_to_pr_map',
  'tx_acc_vsi',
  'tx_source_port',
  'vsi_to_vsi_loopback',
  'rx_phy_port_to_pr_map',
  'source_port_to_bridge_map',
  'l2_fwd_rx_table',
  'ipv4_lpm_root_lut',
  'tx_lag_table',
  'mir_prof',
] as const;

/** A physical port, and the interface of the ACC that stands for it there. */
export interface PhysicalPort {
  port: number;
  representorVsi: number;
}

/** The ACC's own network on physical port 0: `secondary` takes what comes from the wire, `primary` gets a mirror of it. */
export interface PrimaryNetwork {
  primary: { vsi: number; mac: string };
  secondaryVsi: number;
}

const portId = 'vmeta.common.port_id';
const vsiField = 'vmeta.common.vsi';
const sourcePort = 'user_meta.cmeta.source_port';
const padded = { zero_padding: 0 };
const allVsiBits = 0x7ff;
const mirrorProfile = 3;
/** For what passes the LAG: the one entry of a small table. */
export const lagRoot: Entry = {
  table: 'ipv4_lpm_root_lut',
  match: { 'user_meta.cmeta.bit16_zeros': { value: 4, mask: 0xffff } },
  priority: 2048,
  action: 'ipv4_lpm_root_lut_action',
  params: [0],
};
const lagHashes = 8;

/** A port number within the FXP is the VSI behind the 16 physical ones. */
const vportOf = (vsi: number): number => vsi + 16;

/** Written once. */
export function lagBypass(): Entry[] {
  const members = Array.from({ length: lagHashes }, (_, value) => ({
    table: 'tx_lag_table',
    match: { 'user_meta.cmeta.lag_group_id': { value: 0, mask: 0xff }, hash: { value, mask: 7 } },
    priority: 1,
    action: 'bypass',
    params: [],
  }));
  return [lagRoot, ...members];
}

export function physicalPortEntries({ port, representorVsi }: PhysicalPort): Entry[] {
  return [
    { table: 'rx_source_port', match: { [portId]: port, ...padded }, action: 'set_source_port', params: [port] },
    sourceTo(port, representorVsi),
    transmit(representorVsi, port),
  ];
}

export function primaryNetworkEntries({ primary, secondaryVsi }: PrimaryNetwork): Entry[] {
  return [
    {
      table: 'mir_prof',
      match: { mirror_prof_key: mirrorProfile },
      action: 'mir_prof_action',
      params: {
        vport_id: primary.vsi,
        mode: 0,
        port_dest_type: 0,
        dest_id: primary.vsi,
        func_valid: 1,
        store_vsi: 1,
      },
    },
    {
      table: 'rx_phy_port_to_pr_map',
      match: { [portId]: 0, ...padded },
      action: 'mirror_and_send',
      params: [vportOf(secondaryVsi), mirrorProfile],
    },
    transmit(primary.vsi, 0),
    {
      table: 'source_port_to_bridge_map',
      match: {
        [sourcePort]: { value: 0, mask: 0xffff },
        'hdrs.vlan_ext[vmeta.common.depth].hdr.vid': { value: 0, mask: 0xfff },
      },
      priority: 1,
      action: 'set_bridge_id',
      params: [0],
    },
    {
      table: 'l2_fwd_rx_table',
      match: { 'user_meta.pmeta.bridge_id': 0, dst_mac: macValue(primary.mac) },
      action: 'l2_fwd',
      params: [vportOf(primary.vsi)],
    },
  ];
}

/**
 * All entries of these objects, those that they share with others too, each with the names of the objects that it is of.
 *
 * @param names Default: all that is placed.
 */
export function entriesOf(placements: Placements, names: Iterable<string> = placements.keys()): Map<Entry, string[]> {
  const owners = new Map<Entry, string[]>();
  const done = new Set<string>();
  for (const name of names) {
    const placement = placements.get(name);
    if (!placement) continue;
    done.add(name);
    for (const entry of ownEntries(placement)) owners.set(entry, [name]);
    for (const [other, neighbour] of placements) {
      if (done.has(other)) continue;
      for (const entry of sharedEntries(placement, neighbour)) owners.set(entry, [name, other]);
    }
  }
  return owners;
}

function ownEntries(placement: Placement): Entry[] {
  if (placement.kind === 'host') return hostPortEntries(placement.port);
  return placement.functions.flatMap(({ input, output }) => [...functionEntries(input), ...functionEntries(output)]);
}

function sharedEntries(one: Placement, other: Placement): Entry[] {
  if (one.kind === 'host' && other.kind === 'host') return share(one, other) ? talk(one.port.vsi, other.port.vsi) : [];
  if (one.kind === 'host' && other.kind === 'chain') return talkToChain(one, other);
  if (one.kind === 'chain' && other.kind === 'host') return talkToChain(other, one);
  return [];
}

/** Functions are on the default bridge, or on the one that they work for. */
function talkToChain({ port, vlans }: HostPlacement, { functions, vlan }: ChainPlacement): Entry[] {
  const isShared = vlan === undefined ? vlans.length === 0 : vlans.includes(vlan);
  if (!isShared) return [];
  const vsis = functions.flatMap(({ input, output }) => [input.vsi, output.vsi]);
  return vsis.flatMap((vsi) => talk(port.vsi, vsi));
}

/** Whether both are on one bridge, be it the default one. */
function share(one: HostPlacement, other: HostPlacement): boolean {
  if (one.vlans.length === 0 || other.vlans.length === 0) return one.vlans.length === other.vlans.length;
  return one.vlans.some((vlan) => other.vlans.includes(vlan));
}

function hostPortEntries({ vsi, representorVsi }: Pair): Entry[] {
  return [
    transmitAs(vsi),
    transmit(representorVsi, vportOf(vsi)),
    loopback(representorVsi, vsi),
    loopback(vsi, representorVsi),
    sourceTo(vportOf(vsi), representorVsi),
  ];
}

function functionEntries({ vsi, representorVsi }: Pair): Entry[] {
  return [
    transmitAs(vsi),
    transmit(vsi, vportOf(representorVsi)),
    transmit(representorVsi, vportOf(vsi)),
    loopback(representorVsi, vsi),
    loopback(vsi, representorVsi),
    sourceTo(vportOf(vsi), representorVsi),
  ];
}

function talk(one: number, other: number): Entry[] {
  return [loopback(one, other), loopback(other, one)];
}

function loopback(from: number, to: number): Entry {
  return {
    table: 'vsi_to_vsi_loopback',
    match: { [vsiField]: from, target_vsi: to },
    action: 'fwd_to_vsi',
    params: [vportOf(to)],
  };
}

/** Frames that a VSI sends come from its own port. */
function transmitAs(vsi: number): Entry {
  return {
    table: 'tx_source_port',
    match: { [vsiField]: { value: vsi, mask: allVsiBits } },
    priority: 1,
    action: 'set_source_port',
    params: [vportOf(vsi)],
  };
}

/** Frames that a VSI sends go to a port, whatever their MACs. */
function transmit(vsi: number, port: number): Entry {
  return {
    table: 'tx_acc_vsi',
    match: { [vsiField]: vsi, ...padded },
    action: 'l2_fwd_and_bypass_bridge',
    params: [port],
  };
}

/** Frames that come from a port go to a VSI. */
function sourceTo(port: number, vsi: number): Entry {
  return {
    table: 'source_port_to_pr_map',
    match: { [sourcePort]: port, ...padded },
    action: 'fwd_to_vsi',
    params: [vportOf(vsi)],
  };
}
