/** Which DPUs may change what they run, by what this operator's caches say: see rollout/order.ts. */
import { EventEmitter } from 'node:events';
import { inject, injectable } from 'tsyringe';
import { daemonLeaseName } from '../api/daemon-lease.ts';
import { annotations } from '../api/names.ts';
import type { PluginRun } from '../api/plugin-run.ts';
import { isBeingDeleted, type Pod } from '../kube/index.ts';
import type { Caches } from './caches.ts';
import type { DaemonLeases } from './daemon-leases.ts';
import { hasDaemon } from './daemon-set.ts';
import type { RolloutStatus } from './rollout/observed-state.ts';
import { isChanging, mostAtOnce, type Order, type Wait, waitsFor } from './rollout/order.ts';
import { tokens } from './tokens.ts';

/** Emits `turn` with the name of a DPU that has waited and may go now. */
@injectable()
export class Turns extends EventEmitter<{ turn: [dpuName: string] }> {
  readonly #caches: Pick<Caches, 'dpus' | 'nodes' | 'daemonPods'>;
  readonly #leases: Pick<DaemonLeases, 'seenState'>;
  /** What this operator has written, or is about to, while the cache may be a step behind. */
  readonly #written = new Map<string, RolloutStatus>();
  #daemonHash: string | undefined;

  constructor(@inject(tokens.caches) caches: Caches, @inject(tokens.daemonLeases) leases: DaemonLeases) {
    super();
    this.#caches = caches;
    this.#leases = leases;
    caches.dpus.onChange((dpu, previous) => {
      if (dpu.status?.rollout?.phase !== previous?.status?.rollout?.phase || isBeingDeleted(dpu)) this.#tell();
    });
    caches.daemonPods.onChange(() => this.#tell());
    caches.nodes.onChange((node, previous) => {
      if (hasDaemon(node.metadata.labels ?? {}) !== hasDaemon(previous?.metadata.labels ?? {})) this.#tell();
    });
    leases.on('quiet', () => this.#tell());
  }

  /** @param hash of the daemons' pods as this operator makes them. Before it is known no DPU changes. */
  daemonsAre(hash: string): void {
    if (hash === this.#daemonHash) return;
    this.#daemonHash = hash;
    this.#tell();
  }

  /** To be called before the status is written, in the same breath as the answer of {@link waitsFor} is used. */
  writes(dpuName: string, status: RolloutStatus): void {
    this.#written.set(dpuName, status);
  }

  waitsFor(dpuName: string, target: PluginRun): Wait | undefined {
    return waitsFor(dpuName, target, this.#order());
  }

  /** As many as there is room for. */
  #tell(): void {
    const order = this.#order();
    const changing = order.dpus.filter(({ status }) => isChanging(status)).length;
    const room = mostAtOnce(order.dpus.length) - changing;
    if (room <= 0 || order.daemonsBehind.length > 0) return;
    const free = order.dpus.filter(({ name, status: { plugin, rollout } }) => {
      return plugin && rollout?.phase === 'Installing' && !waitsFor(name, rollout.target, order);
    });
    for (const { name } of free.slice(0, room)) this.emit('turn', name);
  }

  #order(): Order {
    const dpus = this.#caches.dpus.list().filter((dpu) => !isBeingDeleted(dpu));
    return {
      dpus: dpus.map(({ metadata: { name }, status }) => ({ name, status: this.#written.get(name) ?? status ?? {} })),
      daemonsBehind: this.#daemonsBehind(),
    };
  }

  /** A lost node's daemon is waited for no longer than its Lease lasts: others need not share its fate. */
  #daemonsBehind(): string[] {
    const serving = this.#caches.daemonPods.list().filter((pod) => this.#serves(pod));
    const served = new Set(serving.map(({ spec }) => spec.nodeName));
    const nodes = this.#caches.nodes.list().filter(({ metadata }) => hasDaemon(metadata.labels ?? {}));
    const names = nodes.map(({ metadata }) => metadata.name).filter((name) => !served.has(name));
    return names.filter((name) => this.#leases.seenState(daemonLeaseName(name)) !== 'silent');
  }

  #serves(pod: Pod): boolean {
    const isCurrent = pod.metadata.annotations?.[annotations.specHash] === this.#daemonHash;
    return !isBeingDeleted(pod) && this.#daemonHash !== undefined && isCurrent && isReady(pod);
  }
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
