/** Which VLAN each DpuNetwork has. Pure. */
import { placeholderBridge } from '../../api/fields/logical-bridge.ts';
import { longestVf } from '../../api/fields/vf-ranges.ts';
import type { DpuNetwork } from '../../api/kinds/dpu-network.ts';
import { networkBridgeId } from '../../api/names/names.ts';
import { isBeingDeleted } from '../../kube/index.ts';

export type Vlan =
  /** 0: the default bridge. */
  | { vlan: number; chosen: boolean }
  /** Another network was given the one that the spec asks for. */
  | { takenBy: string }
  | { none: true };

/**
 * What is chosen from. Below are the numbers by which hosts without networks name VFs, and which a plugin may take for
 * VLANs; plugins take those for chains from the upper end.
 */
const [lowest, highest] = [Number(placeholderBridge(longestVf)) + 1, 4000];

/**
 * A VLAN that was chosen before stays: pods use it, also while their network is being deleted. One that is asked for comes next, and what is left is chosen from. It
 * begins at a number that follows from the network's name, so that two clusters with hosts on one DPU choose alike.
 *
 * @param networks older ones first
 */
export function assignVlans(networks: readonly DpuNetwork[]): Map<string, Vlan> {
  const chosen = new Map<number, string>();
  const result = new Map<string, Vlan>();
  const choose = (name: string, vlan: number) => {
    chosen.set(vlan, name);
    result.set(name, { vlan, chosen: true });
  };
  const isFree = (vlan: number) => !chosen.has(vlan) && !asked.has(vlan);
  const asked = new Set<number>();
  for (const { metadata, spec, status } of networks) {
    const { vlanId } = status ?? {};
    if (spec.vlan === undefined && vlanId !== undefined && isFree(vlanId)) choose(metadata.name, vlanId);
  }
  const staying = networks.filter((network) => !isBeingDeleted(network));
  for (const { metadata, spec } of staying) {
    if (spec.vlan === undefined) continue;
    const takenBy = chosen.get(spec.vlan);
    if (takenBy === undefined) asked.add(spec.vlan);
    result.set(metadata.name, takenBy === undefined ? { vlan: spec.vlan, chosen: false } : { takenBy });
  }
  for (const { metadata } of staying) {
    if (result.has(metadata.name)) continue;
    const vlan = firstFree(metadata.name, isFree);
    if (vlan === undefined) result.set(metadata.name, { none: true });
    else choose(metadata.name, vlan);
  }
  return result;
}

function firstFree(name: string, isFree: (vlan: number) => boolean): number | undefined {
  const count = highest - lowest + 1;
  const start = Number.parseInt(networkBridgeId(name), 16) % count;
  for (let step = 0; step < count; step += 1) {
    const vlan = lowest + ((start + step) % count);
    if (isFree(vlan)) return vlan;
  }
  return undefined;
}
