/** To which DpuNetwork a device of a DPU belongs now, and whether new pods may have it. Pure. */
import type { NetworkWish } from '../../../api/index.ts';
import { parseVfRanges } from '../../../api/index.ts';
import type { DeviceNetwork } from '../../attach/collaborators.ts';
import type { Presence } from '../../presence.ts';

/** Where a device is: in a network, or in none. */
export type Membership = DeviceNetwork | undefined;

/** A pod that has a device. */
export interface DeviceHolder {
  network: Membership;
  /** `namespace/name`. */
  pod: string;
}

export interface DeviceFacts {
  /** As the operator says. */
  wanted: Membership;
  /** Where the kubelet knows it, from this daemon or the one before. */
  current: Membership;
  holder: DeviceHolder | undefined;
  /** What the kubelet says of who was given it; undefined where it was not asked. */
  allocation: Presence<string> | undefined;
}

export interface Placing {
  network: Membership;
  /** The kubelet may give it to a pod. */
  isOpen: boolean;
  /** Why it is not where it is wanted: a pod, or words. */
  waitsFor?: string;
  /** The kubelet is to be asked. */
  asks?: true;
}

/**
 * A device changes its network when no pod has it: the kubelet would give it to a second one. Until then it is closed, so
 * that the next pod is one of its new network.
 */
export function placeDevice({ wanted, current, holder, allocation }: DeviceFacts): Placing {
  if (holder) {
    const { network, pod } = holder;
    return isSame(network, wanted) ? { network, isOpen: true } : { network, isOpen: false, waitsFor: pod };
  }
  if (isSame(current, wanted)) return { network: wanted, isOpen: true };
  if (!allocation) return { network: current, isOpen: false, asks: true };
  if (allocation.is === 'gone') return { network: wanted, isOpen: true };
  const waitsFor = allocation.is === 'there' ? allocation.value : allocation.reason;
  return { network: current, isOpen: false, waitsFor };
}

export function isSame(a: Membership, b: Membership): boolean {
  return a?.name === b?.name && a?.logicalBridge === b?.logicalBridge;
}

/** By number of VF. What cannot be read names none. */
export function wantedMemberships(wishes: readonly NetworkWish[]): Map<number, DeviceNetwork> {
  return new Map(
    wishes.flatMap(({ name, vfs, logicalBridge }) => {
      const parsed = parseVfRanges(vfs.split(','));
      const network = logicalBridge === undefined ? { name } : { name, logicalBridge };
      return ('vfs' in parsed ? parsed.vfs : []).map((vf) => [vf, network] as const);
    }),
  );
}
