/** A daemon's order to replace a VSP pod, which stands in an annotation of its DataProcessingUnit. */
import { type DataProcessingUnit, dataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { annotations } from '../../../api/names/names.ts';
import { vspPodName } from '../../../api/names/paths.ts';
import { isConflict, isNotFound, type KubeStore, type Pod, pod } from '../../../kube/index.ts';

/** Creation times of pods are whole seconds, cut off. */
const creationResolutionMs = 1_000;

/**
 * Whether the pod is the one that the order is about. One that may be younger is not, so that an order is never carried
 * out twice; an order that is no time is about any.
 *
 * @param order RFC 3339, by the clock of the API server; of an older daemon, by that of its node
 */
export function isMeant(order: string, { metadata }: Pick<Pod, 'metadata'>): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const orderedAt = Date.parse(order);
  return Number.isNaN(orderedAt) || Date.parse(metadata.creationTimestamp ?? '') + creationResolutionMs <= orderedAt;
}

/**
 * Takes an order off, then deletes the VSP pod that it is about. In this order nothing is carried out twice. Where the
 * deletion fails, or clocks are apart and the order is about no pod, the daemon, which still has a VSP that it cannot use,
 * gives it again.
 *
 * @returns whether a pod was deleted
 */
export async function obeyVspRestart(store: KubeStore, dpu: DataProcessingUnit, namespace: string): Promise<boolean> {
  const order = dpu.metadata.annotations?.[annotations.restartVsp];
  if (order === undefined) return false;
  // Not from the cache, which may show the pod that was deleted for an earlier order.
  const found = await store.get(pod, vspPodName(dpu.metadata.name), namespace);
  if (!(await takeOff(store, dpu))) return false;
  if (!found || !isOf(dpu, found) || !isMeant(order, found)) return false;
  return await store.delete(pod, found.metadata.name, namespace, { uid: found.metadata.uid });
}

/** @returns whether the order was still the one that was read */
async function takeOff(store: KubeStore, dpu: DataProcessingUnit): Promise<boolean> {
  const { name, uid, resourceVersion } = dpu.metadata;
  try {
    await store.patch(dataProcessingUnit, name, undefined, {
      metadata: {
        uid,
        // Another order may have come meanwhile.
        resourceVersion,
        annotations: { [annotations.restartVsp]: null },
      },
    });
    return true;
  } catch (error) {
    // The event of that change brings the DPU here again.
    if (isConflict(error) || isNotFound(error)) return false;
    throw error;
  }
}

const isOf = (dpu: DataProcessingUnit, { metadata }: Pod): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === dpu.metadata.uid) ?? false;
