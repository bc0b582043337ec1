/** Writes a network's status, and an event for each condition that has changed. */
import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../../api/fields/conditions.ts';
import { type DpuNetwork, type DpuNetworkStatus, dpuNetwork } from '../../api/kinds/dpu-network.ts';
import { fieldManagers } from '../../api/names/names.ts';
import type { EventRecorder, KubeStore } from '../../kube/index.ts';

/** Milliseconds between writes of a status in which only numbers and messages differ: the daemons of a fleet report one by one. */
const countsEveryMs = 2_000;

const ordinaryReasons: readonly string[] = ['Pending', 'Deleting', 'NotServed', 'DefaultBridge'];

export class DpuNetworkStatusWriter {
  readonly #store: KubeStore;
  readonly #events: EventRecorder;
  /** By uid: `performance.now()` at the last write. */
  readonly #written = new Map<string, number>();

  constructor(store: KubeStore, events: EventRecorder) {
    this.#store = store;
    this.#events = events;
  }

  /** @returns where the write has to wait, for how many milliseconds */
  async write(network: DpuNetwork, status: DpuNetworkStatus): Promise<number[]> {
    if (isDeepStrictEqual(status, network.status)) return [];
    const { apiVersion, kind, metadata } = network;
    const { name, uid = '' } = metadata;
    const waitMs = (this.#written.get(uid) ?? -countsEveryMs) + countsEveryMs - performance.now();
    if (waitMs > 0 && isDeepStrictEqual(withoutCounts(status), withoutCounts(network.status))) return [waitMs];
    this.#written.set(uid, performance.now());
    const body = { apiVersion, kind, metadata: { name, uid }, status };
    await this.#store.applyStatus(dpuNetwork, body, { fieldManager: fieldManagers.networks });
    await this.#recordEvents(network, status);
    return [];
  }

  forget({ metadata }: DpuNetwork): void {
    this.#written.delete(metadata.uid ?? '');
  }

  async #recordEvents(network: DpuNetwork, { conditions = [] }: DpuNetworkStatus): Promise<void> {
    for (const { type, status, reason, message } of conditions) {
      const before = findCondition(network.status?.conditions, type);
      if (before?.status === status && before.reason === reason) continue;
      const isOrdinary = status === 'True' || ordinaryReasons.includes(reason);
      await this.#events.event(network, { type: isOrdinary ? 'Normal' : 'Warning', reason, message });
    }
  }
}

/** What people and programs wait for: numbers may be late, and the messages in which they stand. */
function withoutCounts({ devices: _, conditions = [], ...rest }: DpuNetworkStatus = {}): object {
  return { ...rest, conditions: conditions.map(({ message: __, ...condition }) => condition) };
}
