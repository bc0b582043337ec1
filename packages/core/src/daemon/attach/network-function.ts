/** Which interfaces of a pod make one network function. */
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { AttachedFunction, ChainMembership, ChainPlace } from './collaborators.ts';
import type { Attachment } from './record/attachment.ts';
import type { AttachmentStore } from './record/store.ts';

/**
 * A new record with its place among its container's interfaces. Multus calls for one network of the pod's annotation
 * after the other, and an ADD that is repeated finds only those that were made before it: so this is the annotation's
 * order.
 */
export function numbered(added: Attachment, all: readonly Attachment[]): Attachment {
  if (added.role !== 'networkFunction') return added;
  const own = all.filter(({ containerId }) => containerId === added.containerId);
  return { ...added, order: 1 + Math.max(0, ...own.map(({ order }) => order ?? 0)) };
}

/** Records of earlier daemons have no order: there the lower number goes first (net1 before net2 before net10). */
function isBefore(a: Attachment, b: Attachment): boolean {
  if (a.order !== undefined && b.order !== undefined) return a.order < b.order;
  return a.ifName.localeCompare(b.ifName, 'en', { numeric: true }) < 0;
}

/**
 * The pair that a new interface completes: the pod's interface on the same DPU and bridge that has no partner yet. The first of
 * the pod's annotation is the input, whatever the two are named and whichever is ready first.
 */
export function completePair(
  added: Attachment,
  all: readonly Attachment[],
): { partner: Attachment; networkFunction: AttachedFunction } | undefined {
  const partner = all.find(
    (other) =>
      other.role === 'networkFunction' &&
      other.containerId === added.containerId &&
      other.ifName !== added.ifName &&
      other.dpuName === added.dpuName &&
      other.bridgeId === added.bridgeId &&
      other.state !== 'detaching' &&
      other.networkFunction === undefined,
  );
  if (!partner) return undefined;
  const [input, output] = isBefore(added, partner) ? [added, partner] : [partner, added];
  const { bridgeId, dpuNetwork } = added;
  const bridge = bridgeId === undefined ? {} : omitUndefined({ bridgeId, logicalBridge: dpuNetwork?.logicalBridge });
  return { partner, networkFunction: { input: input.mac, output: output.mac, ...bridge } };
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
): Promise<{ networkFunction: AttachedFunction; place: ChainPlace | undefined } | undefined> {
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
