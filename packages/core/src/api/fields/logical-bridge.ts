/**
 * The logical bridges of DpuNetworks. A host names one in its bridge ports, and its name says all that the DPU side needs
 * to make it: the two may be in different clusters.
 *
 * ```
 *  vlan-100              asked for: of all networks with that VLAN
 *  dpunet-1a2b3c4d-100   chosen by the operator, for the network with that id
 * ```
 */
import { networkBridgeId } from '../names/names.ts';

/** @param vlan 0: the default bridge, which has no name */
export function logicalBridgeOf(
  network: string,
  { vlan, chosen }: { vlan: number; chosen: boolean },
): string | undefined {
  if (vlan === 0) return undefined;
  return chosen ? `dpunet-${networkBridgeId(network)}-${vlan}` : `vlan-${vlan}`;
}

export interface NamedBridge {
  vlanId: number;
  /** Whether a person asked for the VLAN: a DPU that cannot keep it apart does not serve it. */
  asked: boolean;
}

/** @param name `logicalBridges/{id}` or the bare id. @returns undefined for a bridge that is none of a DpuNetwork */
export function parseLogicalBridge(name: string): NamedBridge | undefined {
  const [, asked, vlan] = /^(?:logicalBridges\/)?(vlan|dpunet-[0-9a-f]{8})-([1-9][0-9]{0,3})$/.exec(name) ?? [];
  const vlanId = Number(vlan);
  if (vlan === undefined || vlanId > 4094) return undefined;
  return { vlanId, asked: asked === 'vlan' };
}

/** What a host without DpuNetworks asks for: no bridge, but a number by which vendors' VSPs know the VF. */
export const placeholderBridge = (vf: number): string => `${vf + 2}`;
