/** A daemon's order to replace a VSP pod, which stands in an annotation of its DataProcessingUnit. */
import { type DataProcessingUnit, dataProcessingUnit } from '../api/data-processing-unit.ts';
import { annotations } from '../api/names.ts';
import { vspPodName } from '../api/paths.ts';
import { isConflict, isNotFound, type KubeStore, type Pod, pod } from '../kube/index.ts';

/** Creation times of pods are whole seconds, cut off. */
const creationResolutionMs = 1_000;

/**
 * Whether the pod is the one that the order is about. One that may be younger is not, so that an order is never carried
 * out twice; an order that is no time is about any.
 *
 * @param order RFC 3339, by the clock of the daemon's node
 */
export function isMeant(order: string, { metadata }: Pick<Pod, 'metadata'>): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const orderedAt = Date.parse(order);
  return Number.isNaN(orderedAt) || Date.parse(metadata.creationTimestamp ?? '') + creationResolutionMs <= orderedAt;
}

/**
 * Deletes the VSP pod that an order is about, then takes the order off. Where clocks are apart the order may be about no
 * pod: the daemon, which still has a VSP that it cannot use, gives it again.
 *
 * @returns whether a pod was deleted
 */
export async function obeyVspRestart(store: KubeStore, dpu: DataProcessingUnit, namespace: string): Promise<boolean> {
  const order = dpu.metadata.annotations?.[annotations.restartVsp];
  if (order === undefined) return false;
  const { name, uid, resourceVersion } = dpu.metadata;
  // Not from the cache, which may show the pod that was deleted for this order already.
  const found = await store.get(pod, vspPodName(name), namespace);
  const deleted =
    found !== undefined &&
    isMeant(order, found) &&
    (await store.delete(pod, found.metadata.name, namespace, { uid: found.metadata.uid }));
  try {
    // Under the version that was read: another order may have come meanwhile.
    await store.patch(dataProcessingUnit, name, undefined, {
      metadata: {
        uid,
        resourceVersion,
        annotations: { [annotations.restartVsp]: null },
      },
    });
  } catch (error) {
    // The event of that change brings the DPU here again.
    if (!isConflict(error) && !isNotFound(error)) throw error;
  }
  return deleted;
}
