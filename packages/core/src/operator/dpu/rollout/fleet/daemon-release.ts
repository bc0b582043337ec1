/** Whether all nodes with DPUs have a daemon of this operator's release that serves. */
import { isConditionTrue } from '../../../../api/fields/conditions.ts';
import { daemonLeaseName } from '../../../../api/names/daemon-lease.ts';
import { annotations } from '../../../../api/names/names.ts';
import { isBeingDeleted, type PodReadiness } from '../../../../kube/index.ts';
import { hasDaemon } from '../../../config/daemon-set.ts';
import type { DaemonLeases } from '../../../daemons/daemon-leases.ts';
import type { Caches } from '../../../shared/caches.ts';

export class DaemonRelease {
  readonly #caches: Pick<Caches, 'nodes' | 'daemonPods' | 'dpus' | 'dpusByNode'>;
  readonly #leases: Pick<DaemonLeases, 'seenState'>;
  readonly #onChange: () => void;
  #hash: string | undefined;
  /** Made anew only after something of it changed: there can be thousands of nodes. */
  #isEverywhere: boolean | undefined;

  /** @param onChange called when {@link isEverywhere} may be another */
  constructor(
    caches: Pick<Caches, 'nodes' | 'daemonPods' | 'dpus' | 'dpusByNode'>,
    leases: Pick<DaemonLeases, 'seenState' | 'on'>,
    onChange: () => void,
  ) {
    this.#caches = caches;
    this.#leases = leases;
    this.#onChange = onChange;
    caches.daemonPods.onChange((pod, previous, kind) => {
      if (kind === 'updated' && previous && this.#serves(pod) === this.#serves(previous)) return;
      this.#changed();
    });
    caches.nodes.onChange((node, previous, kind) => {
      if (kind === 'deleted' || hasDaemon(node.metadata.labels ?? {}) !== hasDaemon(previous?.metadata.labels ?? {})) {
        this.#changed();
      }
    });
    caches.dpus.onChange((_dpu, _previous, kind) => {
      if (kind !== 'updated') this.#changed();
    });
    leases.on('quiet', () => this.#changed());
    // One that is heard is waited for: by that nothing comes to be everywhere. At a start all are heard.
    leases.on('heard', () => this.#isEverywhere !== false && this.#changed());
  }

  /** @param hash of the daemons' pods as this operator makes them */
  are(hash: string): void {
    if (hash === this.#hash) return;
    this.#hash = hash;
    this.#changed();
  }

  get isEverywhere(): boolean {
    this.#isEverywhere ??= this.#look();
    return this.#isEverywhere;
  }

  #changed(): void {
    this.#isEverywhere = undefined;
    this.#onChange();
  }

  /**
   * A lost node's daemon is waited for no longer than its Lease lasts: others need not share its fate. A node without DPUs has
   * no VSP that its daemon could meet, and may never have had a daemon that works.
   */
  #look(): boolean {
    const serving = this.#caches.daemonPods.list().filter((pod) => this.#serves(pod));
    const served = new Set(serving.map(({ spec }) => spec.nodeName));
    const nodes = this.#caches.nodes.list().filter(({ metadata }) => hasDaemon(metadata.labels ?? {}));
    const names = nodes.map(({ metadata }) => metadata.name).filter((name) => !served.has(name));
    const withDpus = names.filter((name) => this.#caches.dpusByNode.count(name) > 0);
    return withDpus.every((name) => this.#leases.seenState(daemonLeaseName(name)) === 'silent');
  }

  #serves(pod: PodReadiness): boolean {
    const isCurrent = pod.metadata.annotations?.[annotations.specHash] === this.#hash;
    return (
      !isBeingDeleted(pod) && this.#hash !== undefined && isCurrent && isConditionTrue(pod.status?.conditions, 'Ready')
    );
  }
}
