/**
 * Which interfaces of the ACC are bridged with which. Pure.
 *
 * While there is no network function, hosts and uplink are one segment. With functions there are two, and only functions
 * lead from one to the other:
 *
 *   hosts -- input [function] output -- hop -- input [function] output -- outside (uplink)
 */
import type { Placements } from '../interfaces/placement.ts';

/** A segment: the hosts', what is outside of the functions, or what is between two of a chain. */
export type Segment = 'hosts' | 'outside' | `hop-${string}`;

export interface BridgedPort {
  /** Name of the interface. */
  device: string;
  segment: Segment;
  /** Of the hosts' segment: the VLANs that it is in. None: the default bridge. */
  vlans: readonly number[];
  /** Frames have tags. */
  isTrunk: boolean;
}

/**
 * @param uplink Interface that leads outside. Nothing is bridged while nothing is placed.
 * @param closed Hosts and uplink are two segments also without functions.
 */
export function layOut(placements: Placements, uplink: string, closed: boolean): BridgedPort[] {
  if (placements.size === 0) return [];
  const plain = (device: string, segment: Segment): BridgedPort => ({ device, segment, vlans: [], isTrunk: false });
  const ports: BridgedPort[] = [];
  let isApart = closed;
  for (const placement of placements.values()) {
    if (placement.kind === 'host') {
      const { port, vlans, isTrunk } = placement;
      ports.push({ device: port.representor, segment: 'hosts', vlans, isTrunk });
      continue;
    }
    const { functions, vlan } = placement;
    // Of a time with Open vSwitch: it is refused when it is told.
    if (vlan !== undefined) continue;
    isApart = true;
    for (const [index, { input, output }] of functions.entries()) {
      const before = functions[index - 1];
      const isLast = index === functions.length - 1;
      ports.push(plain(input.representor, before ? `hop-${before.output.representor}` : 'hosts'));
      ports.push(plain(output.representor, isLast ? 'outside' : `hop-${output.representor}`));
    }
  }
  return [...ports, plain(uplink, isApart ? 'outside' : 'hosts')];
}
