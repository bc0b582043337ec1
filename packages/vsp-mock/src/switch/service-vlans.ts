/** Service VLANs for segments that only functions lead to. Pure. */
import { DpuError } from '@dpu-operator/sdk';
import type { PortPlan } from './port-plan.ts';

const MAX_VLAN = 4094;

/**
 * A VLAN for each segment, of which none is in use. A segment whose first device was in a service VLAN before keeps it
 * unless an earlier segment did; the others get the highest ones that are free.
 *
 * @param segments names of the devices of each
 * @throws DpuError RESOURCE_EXHAUSTED
 */
export function assignServiceVlans(
  segments: readonly (readonly string[])[],
  used: readonly number[],
  before: readonly PortPlan[],
): number[] {
  const taken = new Set(used);
  const former = new Map(before.map(({ device, mode, tag }) => [device, mode === 'dot1q-tunnel' ? tag : undefined]));
  const kept = segments.map(([device = '']) => {
    const vlan = former.get(device);
    if (vlan === undefined || taken.has(vlan)) return undefined;
    taken.add(vlan);
    return vlan;
  });
  let next = MAX_VLAN;
  return kept.map((vlan) => {
    if (vlan !== undefined) return vlan;
    while (taken.has(next)) next -= 1;
    if (next > 0) return next--;
    const text = `logical bridges use so many of the ${MAX_VLAN} VLANs that network functions need more; delete some`;
    throw new DpuError('RESOURCE_EXHAUSTED', text);
  });
}
