/** Whether a DPU takes pods, and what its object says of it. */
import type { DataProcessingUnit } from '../../api/index.ts';
import type { FoundDpu } from '../detect/found.ts';
import type { DpuManager } from './dpu-manager.ts';
import type { DpuObjects } from './dpu-objects.ts';
import { drainOf, drainReport, isToClear } from './drain.ts';
import { pluginGone } from './readiness.ts';

export interface DpuStandingOptions {
  objects: DpuObjects;
  /** `namespace/name` of the pods that use a DPU. */
  pods: (dpuName: string) => string[];
  /** A DPU takes pods again, or no more: network functions of chains come and go with that. */
  onOffer: () => void;
}

export class DpuStanding {
  readonly #options: DpuStandingOptions;
  /** By DPU: the rollout before which its VSP has taken away what it made. */
  readonly #cleared = new Map<string, string>();

  constructor(options: DpuStandingOptions) {
    this.#options = options;
  }

  /** Devices are offered to new pods, except while the DPU waits for those that it has to end. */
  async settle(object: DataProcessingUnit, manager: DpuManager, detected: FoundDpu): Promise<void> {
    const { name } = detected;
    const rollout = drainOf(object);
    this.#offer(manager, !rollout && !detected.pluginGone);
    if (rollout && isToClear(rollout) && this.#cleared.get(name) !== rollout.startedAt) {
      await manager.clear();
      this.#cleared.set(name, rollout.startedAt);
    }
    const pods = this.#options.pods(name);
    await this.#options.objects.writeStatus(object, {
      ready: detected.pluginGone ? pluginGone(detected.plugin, pods) : manager.ready,
      others: manager.hostPorts ? [manager.hostPorts] : [],
      vsp: manager.identity ?? object.status?.vsp,
      drain: rollout && drainReport(rollout, pods, this.#cleared.get(name) === rollout.startedAt),
    });
  }

  forget(name: string): void {
    this.#cleared.delete(name);
  }

  #offer(manager: DpuManager, offers: boolean): void {
    if (offers !== manager.withdrawn) return;
    if (offers) manager.offerAgain();
    else manager.withdraw();
    this.#options.onOffer();
  }
}
