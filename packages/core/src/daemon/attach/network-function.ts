/** Which interfaces of a pod make one network function. */
import type { NetworkFunction } from '@dpu-operator/sdk';
import type { Attachment } from './attachment.ts';

/**
 * The pair that a new interface completes: the pod's interface on the same DPU that has no partner yet. The interface
 * with the lower number is the input (net1 before net2 before net10), in whichever order they come.
 */
export function completePair(
  added: Attachment,
  all: readonly Attachment[],
): { partner: Attachment; networkFunction: NetworkFunction } | undefined {
  const partner = all.find(
    (other) =>
      other.role === 'networkFunction' &&
      other.containerId === added.containerId &&
      other.ifName !== added.ifName &&
      other.dpuName === added.dpuName &&
      other.state !== 'detaching' &&
      other.networkFunction === undefined,
  );
  if (!partner) return undefined;
  const order = added.ifName.localeCompare(partner.ifName, 'en', { numeric: true });
  const [input, output] = order < 0 ? [added, partner] : [partner, added];
  return { partner, networkFunction: { input: input.mac, output: output.mac } };
}
