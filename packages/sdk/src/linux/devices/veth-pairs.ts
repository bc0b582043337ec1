/** Pairs of virtual devices: one end is given to pods, the other stays on the node as the port of a switch. */
import type { Structural } from '../../structural.ts';
import type { IpCommand } from '../links/ip-commands.ts';
import type { Link } from '../links/link.ts';
import type { Links } from '../links/links.ts';
import type { DeviceKind } from './device-pool.ts';
import { derivedMac, indexIn } from './names.ts';
import { linksOfPods } from './pod-links.ts';

/** How the pairs of a node are named and made. */
export interface VethPairs {
  /** Name of the node: MACs are derived from it. */
  nodeName: string;
  /** What the names of the ends that pods get begin with, as `nf_interface`. */
  given: string;
  /** What the names of the ends that stay begin with, as `dp_interface`. */
  kept: string;
  /** Bytes. */
  mtu: number;
}

/** Pairs of veth devices as a kind for the device pool: one end is given to pods, the other is kept. */
export function vethKind({ nodeName, given, kept, mtu }: VethPairs): DeviceKind {
  const end = (name: string) => ({ name, mac: derivedMac(nodeName, name), mtu });
  return {
    name: (index) => `${given}${index}`,
    prefix: given,
    create: (index): IpCommand => ({
      create: { ...end(`${given}${index}`), kind: 'veth', peer: end(`${kept}${index}`) },
    }),
    identify: (link) => indexIn(link.peer?.name ?? '', kept),
  };
}

/**
 * Which pairs have these MACs at their pods' ends. An end was given a MAC that follows from its name. Where the pod's
 * configuration set another, the end that stays tells: the interface with that MAC, in whatever namespace, whose peer it is.
 *
 * @param macs lower-case
 * @returns their numbers, by MAC; none for a MAC that no pair has
 */
export async function findVethPairs(
  { links }: { links: Structural<Links> },
  { nodeName, given, kept }: Omit<VethPairs, 'mtu'>,
  macs: readonly string[],
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  if (macs.length === 0) return found;
  const byDerivedMac = new Map<string, number>();
  const byPeer = new Map<number, number>();
  for (const link of await links.list({ kind: 'veth' })) {
    const index = indexIn(link.name, kept);
    if (index === undefined) continue;
    byDerivedMac.set(derivedMac(nodeName, `${given}${index}`), index);
    byPeer.set(link.index, index);
  }
  for (const mac of macs) {
    const index = byDerivedMac.get(mac);
    if (index !== undefined) found.set(mac, index);
  }
  if (macs.every((mac) => found.has(mac))) return found;
  for (const { link } of await linksOfPods(links, 'veth')) {
    const index = peerOf(link, byPeer);
    if (index !== undefined && macs.includes(link.mac) && !found.has(link.mac)) found.set(link.mac, index);
  }
  return found;
}

function peerOf(link: Link, byPeer: ReadonlyMap<number, number>): number | undefined {
  return link.peer?.index === undefined ? undefined : byPeer.get(link.peer.index);
}
