/** Says of a DPU, in its conditions and by events, what became of what is asked for. */
import { cutText, longestMessage } from '@dpu-operator/sdk/cut-text';
import type { ConditionInput } from '../../api/fields/conditions.ts';
import { type DataProcessingUnit, dataProcessingUnit, dpuConditions } from '../../api/kinds/data-processing-unit.ts';
import { fieldManagers } from '../../api/names/names.ts';
import { vspPodName } from '../../api/names/paths.ts';
import { applyConditions, type EventRecorder, type KubeStore, keyOf } from '../../kube/index.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import type { DpuStatusWriter } from './dpu-status.ts';
import { ownPod } from './pod/own-pod.ts';
import { vspPodCondition } from './pod/vsp-pod-status.ts';
import type { ObservedState } from './rollout/observed-state.ts';
import { configured, ordinaryReasons, type Refusals } from './selection/configured.ts';
import type { Choice } from './selection/plugin-choice.ts';

export interface DpuReporterOptions {
  store: KubeStore;
  events: EventRecorder;
  status: DpuStatusWriter;
  caches: Pick<Caches, 'vspPods'>;
  environment: Pick<Environment, 'namespace'>;
}

export class DpuReporter {
  readonly #options: DpuReporterOptions;

  constructor(options: DpuReporterOptions) {
    this.#options = options;
  }

  /** VspPod and Configured, with an event for each that has changed. */
  async conditions(
    dpu: DataProcessingUnit,
    choice: Choice,
    observed: ObservedState,
    refusals: Refusals,
  ): Promise<void> {
    const { status, events } = this.#options;
    const conditions = [this.#vspPodCondition(dpu, observed, refusals), configured(dpu, choice, observed, refusals)];
    for (const changed of await status.writeConditions(dpu, conditions)) {
      const { type, reason, message } = changed;
      // That a pod starts is no warning; that it fails to is told by its own reasons.
      const ordinary = ['NoPlugin', 'Creating', 'Starting', ...ordinaryReasons].includes(reason);
      const eventType = changed.status === 'True' || ordinary ? 'Normal' : 'Warning';
      await events.event(dpu, { type: eventType, reason, message, action: type });
    }
  }

  /** By a manager of its own: an apply of the whole status would take away what is not understood. */
  async fault(dpu: DataProcessingUnit, condition: ConditionInput): Promise<void> {
    const { store, events } = this.#options;
    const options = { fieldManager: fieldManagers.faults };
    const changed = await applyConditions(store, dataProcessingUnit, dpu, [condition], options);
    for (const { type, reason, message } of changed) {
      await events.event(dpu, { type: 'Warning', reason, message, action: type });
    }
  }

  async restarted(dpu: DataProcessingUnit): Promise<void> {
    const message = 'its daemon cannot work with the VSP that runs: the pod is made anew';
    await this.#options.events.event(dpu, { type: 'Normal', reason: 'VspRestarted', message, action: 'RestartVsp' });
  }

  /** Where it has just been verified. Goes before the condition, whose reason may be the same as before. */
  async rolledOut(dpu: DataProcessingUnit, { status: before }: ObservedState, { config }: Choice): Promise<void> {
    const { plugin, rollout } = dpu.status ?? {};
    if (!plugin || rollout || before.rollout?.phase !== 'Verifying') return;
    const by = config ? ` by DataProcessingUnitConfig ${keyOf(config)}` : '';
    const message = `runs ${plugin.name} ${plugin.version}${by}`;
    await this.#options.events.event(dpu, { type: 'Normal', reason: 'RolledOut', message, action: 'Rollout' });
  }

  #vspPodCondition(dpu: DataProcessingUnit, observed: ObservedState, { vspPod }: Refusals): ConditionInput {
    if (vspPod) {
      const { conditionReason: reason, message } = vspPod;
      return { type: dpuConditions.vspPod, status: 'False', reason, message: cutText(message, longestMessage) };
    }
    const { rollout, plugin } = observed.status;
    if (!observed.vspPod && !plugin && (!rollout || rollout.phase === 'Installing')) return noPlugin;
    const { caches, environment } = this.#options;
    const found = caches.vspPods.get(vspPodName(dpu.metadata.name), environment.namespace);
    return vspPodCondition(ownPod(dpu, found));
  }
}

const noPlugin: ConditionInput = {
  type: dpuConditions.vspPod,
  status: 'False',
  reason: 'NoPlugin',
  message: 'there is no plugin on the node to run yet; the condition Configured says why',
};
