import { dataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import {
  ApiError,
  type Applied,
  controllerName,
  isAlreadyThere,
  isRefused,
  type KubeStore,
  pod,
} from '../../../kube/index.ts';

/** A pod of a DPU that cannot be made as things stand. Nothing tells when it can: it is to be tried again. */
export class PodRefusal extends ApiError {
  /** For a condition. */
  readonly conditionReason: 'PodRefused' | 'PodConflict';

  constructor(conditionReason: PodRefusal['conditionReason'], message: string, cause: ApiError) {
    super(message, cause.code, cause.reason, { cause });
    this.conditionReason = conditionReason;
  }
}

/** Codes of who asks, and of a server that waited too long: no answers about this very pod. */
const saysNothing: readonly number[] = [401, 408];

/**
 * Makes a pod, unless it is there.
 *
 * @throws PodRefusal in the API server's words, or where a pod that is no DPU's has the name
 * @throws ApiError for what says nothing of the pod, as where the server is away
 */
export async function createPod(store: KubeStore, wanted: Applied): Promise<void> {
  const { name, namespace } = wanted.metadata;
  const where = `pod ${namespace}/${name}`;
  try {
    await store.create(pod, wanted);
  } catch (error) {
    if (isRefused(error) && !saysNothing.includes(error.code)) {
      throw new PodRefusal('PodRefused', `${where} cannot be made: ${error.detail}`, error);
    }
    if (!isAlreadyThere(error)) throw error;
    const taken = await store.get(pod, name, namespace);
    // One that the cache has not seen yet: its event brings the DPU here again.
    if (taken && controllerName(taken, dataProcessingUnit.kind) !== undefined) return;
    // The name has become free meanwhile.
    if (!taken) throw error;
    throw new PodRefusal(
      'PodConflict',
      `${where} exists and is no DPU's: delete that pod, or give it another name`,
      error,
    );
  }
}
