/** Which DPUs may change what they run, by what this operator's caches say: see order.ts. */
import { EventEmitter } from 'node:events';
import { inject, injectable } from 'tsyringe';
import { daemonLeaseName } from '../../../api/daemon-lease.ts';
import { annotations } from '../../../api/names.ts';
import type { PluginRun } from '../../../api/plugin-run.ts';
import { isBeingDeleted, type Pod } from '../../../kube/index.ts';
import { hasDaemon } from '../../config/daemon-set.ts';
import type { DaemonLeases } from '../../daemons/daemon-leases.ts';
import type { Caches } from '../../shared/caches.ts';
import { tokens } from '../../shared/tokens.ts';
import { type DpuThatAsks, mostAtOnce, type Order, orderOf, type Wait, waitsFor } from './order.ts';
import type { RolloutStatus } from './rollout-status.ts';

/** Emits `turn` with the name of a DPU that has waited and may go now, or waits for another thing. */
@injectable()
export class Turns extends EventEmitter<{ turn: [dpuName: string] }> {
  readonly #caches: Pick<Caches, 'dpus' | 'nodes' | 'daemonPods'>;
  readonly #leases: Pick<DaemonLeases, 'seenState'>;
  /** What this operator has written, or is about to, while the cache may be a step behind. */
  readonly #written = new Map<string, RolloutStatus>();
  /** Those that were told to wait. One that is not ready for its turn is none of them, and holds nobody up. */
  readonly #waiting = new Map<string, { target: PluginRun; message: string }>();
  /** Those that were told and did not come back yet. */
  readonly #told = new Set<string>();
  #daemonHash: string | undefined;
  /** Of thousands: made anew only after something of it changed. */
  #order: Order | undefined;
  #daemonsBehind: readonly string[] | undefined;

  constructor(@inject(tokens.caches) caches: Caches, @inject(tokens.daemonLeases) leases: DaemonLeases) {
    super();
    this.#caches = caches;
    this.#leases = leases;
    caches.dpus.onChange((dpu, previous, kind) => {
      this.#order = undefined;
      const { name } = dpu.metadata;
      if (kind === 'deleted') {
        // Another DPU of that name starts from nothing.
        this.#written.delete(name);
        this.#waiting.delete(name);
        this.#told.delete(name);
      }
      const isOther = dpu.status?.rollout?.phase !== previous?.status?.rollout?.phase;
      if (isOther || kind === 'deleted' || isBeingDeleted(dpu)) this.#tell();
    });
    caches.daemonPods.onChange(() => this.#daemonsChanged());
    caches.nodes.onChange((node, previous, kind) => {
      if (kind === 'deleted' || hasDaemon(node.metadata.labels ?? {}) !== hasDaemon(previous?.metadata.labels ?? {})) {
        this.#daemonsChanged();
      }
    });
    leases.on('quiet', () => this.#daemonsChanged());
    leases.on('heard', () => this.#daemonsChanged());
  }

  /** @param hash of the daemons' pods as this operator makes them. Before it is known no DPU changes. */
  daemonsAre(hash: string): void {
    if (hash === this.#daemonHash) return;
    this.#daemonHash = hash;
    this.#daemonsChanged();
  }

  /** To be called before the status is written, in the same breath as the answer of {@link waitsFor} is used. */
  writes(dpuName: string, status: RolloutStatus): void {
    this.#written.set(dpuName, status);
    this.#order = undefined;
  }

  /** To be called where the write has failed: the cache is right then, or soon will be. */
  forget(dpuName: string): void {
    this.#written.delete(dpuName);
    this.#order = undefined;
  }

  /** To be asked for a DPU that needs nothing else: one that has to wait is told of its turn. */
  waitsFor(dpuName: string, target: PluginRun): Wait | undefined {
    const wait = waitsFor(this.#asking(dpuName), target, this.#currentOrder());
    if (wait) this.#waiting.set(dpuName, { target, message: wait.message });
    else this.#waiting.delete(dpuName);
    return wait;
  }

  /** To be called when a DPU was looked at: where it made no use of its turn, another has it. */
  looked(dpuName: string): void {
    if (this.#told.delete(dpuName)) this.#tell();
  }

  #daemonsChanged(): void {
    this.#daemonsBehind = undefined;
    this.#order = undefined;
    this.#tell();
  }

  /** Tells as many of those that wait as there is room for, and all that wait for another thing now; each once. */
  #tell(): void {
    if (this.#waiting.size === 0) return;
    const order = this.#currentOrder();
    let room = mostAtOnce(order.count) - order.changing.size;
    for (const [name, { target, message }] of this.#waiting) {
      const wait = waitsFor(this.#asking(name), target, order);
      if (wait ? isSame(wait, message) : room <= 0) continue;
      if (!wait) room -= 1;
      this.#waiting.delete(name);
      this.#told.add(name);
      this.emit('turn', name);
    }
  }

  #asking(name: string): DpuThatAsks {
    const dpu = this.#caches.dpus.get(name);
    const isAway = dpu !== undefined && this.#leases.seenState(daemonLeaseName(dpu.spec.nodeName)) === 'silent';
    return { name, status: this.#written.get(name) ?? dpu?.status ?? {}, isAway };
  }

  #currentOrder(): Order {
    if (this.#order) return this.#order;
    const dpus = this.#caches.dpus.list().filter((dpu) => !isBeingDeleted(dpu));
    this.#daemonsBehind ??= this.#findDaemonsBehind();
    this.#order = orderOf(
      dpus.map(({ metadata: { name }, status }) => ({ name, status: this.#written.get(name) ?? status ?? {} })),
      this.#daemonsBehind,
    );
    return this.#order;
  }

  /** A lost node's daemon is waited for no longer than its Lease lasts: others need not share its fate. */
  #findDaemonsBehind(): string[] {
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

/** A daemon that is away for a moment is not worth a write to every DPU that waits. */
function isSame({ reason, message }: Wait, before: string): boolean {
  return reason === 'WaitingForDaemons' || message === before;
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
