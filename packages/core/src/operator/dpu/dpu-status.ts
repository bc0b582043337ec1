/** Writes what of a DPU's status is the operator's: two conditions, what runs, and the rollout. */
import { type ConditionInput, findCondition, setCondition } from '../../api/fields/conditions.ts';
import type { Condition } from '../../api/fields/meta.ts';
import { type DataProcessingUnit, dataProcessingUnit, dpuConditions } from '../../api/kinds/data-processing-unit.ts';
import { fieldManagers } from '../../api/names/names.ts';
import type { KubeStore } from '../../kube/index.ts';
import type { RolloutStatus } from './rollout/rollout-status.ts';

const ownTypes: readonly string[] = [dpuConditions.vspPod, dpuConditions.configured];

export class DpuStatusWriter {
  readonly #store: KubeStore;

  constructor(store: KubeStore) {
    this.#store = store;
  }

  /** @returns the DPU as it is afterwards. */
  async writeRollout(dpu: DataProcessingUnit, rollout: RolloutStatus): Promise<DataProcessingUnit> {
    return await this.#write(dpu, rollout, dpu.status?.conditions ?? []);
  }

  /**
   * Writes nothing when they stand there already. They name no generation: what they speak of are configs and pods, and the
   * operator's own writes to the spec would only make them be written again.
   *
   * @returns those whose status or reason is new: worth an event.
   */
  async writeConditions(dpu: DataProcessingUnit, owned: readonly ConditionInput[]): Promise<Condition[]> {
    const before = dpu.status?.conditions ?? [];
    let after: readonly Condition[] = before;
    for (const input of owned) after = setCondition(after, input);
    if (after === before) return [];
    await this.#write(dpu, dpu.status ?? {}, after);
    return after.filter(({ type, status, reason }) => {
      const old = findCondition(before, type);
      return ownTypes.includes(type) && (old?.status !== status || old.reason !== reason);
    });
  }

  /**
   * All at once: what an apply leaves out goes. Nothing is written over a newer state: a cache that is behind must not
   * bring an earlier step of a rollout back.
   *
   * @throws ApiError 409 when the object has changed since it was read.
   */
  async #write(dpu: DataProcessingUnit, { plugin, rollout }: RolloutStatus, conditions: readonly Condition[]) {
    const { name, uid, resourceVersion } = dpu.metadata;
    const own = conditions.filter(({ type }) => ownTypes.includes(type));
    const status = { conditions: own, ...(plugin && { plugin }), ...(rollout && { rollout }) };
    const body = { apiVersion: dpu.apiVersion, kind: dpu.kind, metadata: { name, uid, resourceVersion }, status };
    return await this.#store.applyStatus(dataProcessingUnit, body, { fieldManager: fieldManagers.operator });
  }
}
