/** A person's order on a DataProcessingUnit that one of its hosts does not come back. */
import { DpuError } from '@dpu-operator/sdk';
import { annotations, type DataProcessingUnit, dataProcessingUnit } from '../../api/index.ts';
import { type EventRecorder, isNotFound, type KubeStore } from '../../kube/index.ts';
import type { DpuManager } from './dpu-manager.ts';

/** Carries the order out and takes the annotation off: it is for once, not for a host that does come back. */
export async function obeyForgetHost(
  { store, events }: { store: KubeStore; events: EventRecorder },
  object: DataProcessingUnit,
  manager: Pick<DpuManager, 'dpuSide'>,
): Promise<void> {
  const owner = object.metadata.annotations?.[annotations.forgetHost];
  if (owner === undefined) return;
  await events.event(object, await resultOf(manager, owner));
  const { name } = object.metadata;
  try {
    await store.patch(dataProcessingUnit, name, undefined, {
      metadata: { annotations: { [annotations.forgetHost]: null } },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function resultOf(manager: Pick<DpuManager, 'dpuSide'>, owner: string) {
  try {
    const count = (await manager.dpuSide?.forgetHost(owner)) ?? 0;
    return {
      type: 'Normal',
      reason: 'HostForgotten',
      message: `${count} bridge ports of ${owner} are deleted`,
    } as const;
  } catch (error) {
    const { code, message } = DpuError.from(error);
    if (code !== 'FAILED_PRECONDITION') throw error;
    return { type: 'Warning', reason: 'HostNotForgotten', message } as const;
  }
}
