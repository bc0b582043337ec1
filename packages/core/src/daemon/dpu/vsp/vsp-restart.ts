/** The daemon makes and deletes no pods: where a VSP has to start anew, it asks the operator. */
import { annotations, dataProcessingUnit } from '../../../api/index.ts';
import { isNotFound, type KubeStore } from '../../../kube/index.ts';

/** Orders another VSP pod for a DPU of this node, unless an order stands that the operator has not carried out yet. */
export async function orderVspRestart(store: KubeStore, dpuName: string): Promise<void> {
  const object = await store.get(dataProcessingUnit, dpuName);
  if (!object || object.metadata.annotations?.[annotations.restartVsp] !== undefined) return;
  const { uid } = object.metadata;
  try {
    // By the clock that says when pods were made: the operator compares the two.
    const now = new Date(store.client.serverNow());
    await store.patch(dataProcessingUnit, dpuName, undefined, {
      metadata: {
        uid,
        annotations: { [annotations.restartVsp]: now.toISOString() },
      },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
