/** Which interfaces of a pod make one network function. */
import type { NetworkFunction } from '@dpu-operator/sdk';
import type { Attachment } from './attachment.ts';
import type { ChainMembership, ChainPlace } from './ports.ts';
import type { AttachmentStore } from './store.ts';

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

/**
 * Writes down, on both interfaces, the network function that a new one completes, and its chain.
 *
 * @throws DpuError UNAVAILABLE while it is not known whether the pod belongs to a chain
 */
export async function pairUp(
  added: Attachment,
  store: AttachmentStore,
  chains: ChainMembership | undefined,
): Promise<{ networkFunction: NetworkFunction; place: ChainPlace | undefined } | undefined> {
  if (!completePair(added, store.list())) return undefined;
  const place = added.pod && (await chains?.of(added.pod));
  // Looked for again: the partner may have found this one, or gone, meanwhile.
  const pair = completePair(added, store.list());
  if (!pair) return undefined;
  const chain = place && { name: place.chain, function: place.function };
  const networkFunction = { ...pair.networkFunction, ...(chain && { chain }) };
  // Killed between the two, the new one is undone: it must know of the pair before its partner does.
  store.put({ ...(store.get(added) ?? added), networkFunction });
  store.put({ ...pair.partner, networkFunction });
  return { networkFunction: pair.networkFunction, place };
}
