import { inject, injectable } from 'tsyringe';
import { findCondition } from '../../api/fields/conditions.ts';
import { type DataProcessingUnit, dataProcessingUnit, dpuConditions } from '../../api/kinds/data-processing-unit.ts';
import { dpuNetwork } from '../../api/kinds/dpu-network.ts';
import { type DpuOperatorConfig, dpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { finalizers, labels, workloads } from '../../api/names/names.ts';
import { firstTen } from '../../first-ten.ts';
import {
  controllerName,
  daemonSet,
  hasFinalizer,
  isBeingDeleted,
  type KubeStore,
  networkAttachmentDefinition,
  removeFinalizer,
} from '../../kube/index.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { inTurn } from '../shared/in-turn.ts';
import { tokens } from '../shared/tokens.ts';
import { hasDaemon } from './daemon-set.ts';

/**
 * Takes everything away in an order in which each part can still clean up: first the DataProcessingUnits, each torn
 * down by its node's daemon with the help of its VSP; then the daemons and networks; last the finalizer.
 */
@injectable()
export class Uninstaller {
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #namespace: string;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Pick<Environment, 'namespace'>,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#namespace = namespace;
  }

  /** Goes as far as it can now. @returns what it waits for; undefined when nothing is left. */
  async step(config: DpuOperatorConfig): Promise<string | undefined> {
    if (!hasFinalizer(config, finalizers.operator)) return undefined;
    const waitsFor = await this.takeAway();
    if (waitsFor === undefined) await removeFinalizer(this.#store, dpuOperatorConfig, config, finalizers.operator);
    return waitsFor;
  }

  /** All but the config itself. @returns what it waits for; undefined when nothing is left. */
  async takeAway(): Promise<string | undefined> {
    const dpus = this.#caches.dpus.list();
    const staying = dpus.filter((dpu) => !isBeingDeleted(dpu));
    await inTurn(staying, ({ metadata: { name, uid } }) =>
      this.#store.delete(dataProcessingUnit, name, undefined, { uid }),
    );
    if (dpus.length > 0)
      return firstTen(
        dpus.map((dpu) => this.#whyStillThere(dpu)),
        '; ',
      );
    const unfinished = this.#unfinishedNodes();
    if (unfinished.length > 0) return `${firstTen(unfinished)}: ${atWork}`;
    await this.#deleteWorkloads();
    // A pod that no DataProcessingUnit owns does not go with it, and is not waited for.
    const vspPods = this.#caches.vspPods.list().filter((pod) => controllerName(pod, dataProcessingUnit.kind));
    const leftover = [...this.#caches.daemonSets.list(), ...vspPods];
    if (leftover.length > 0) {
      return `waiting for the end of ${leftover.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')}`;
    }
    return undefined;
  }

  /** A daemon takes its label off its node as its last act: without it, pods that it serves could never be deleted. */
  #unfinishedNodes(): string[] {
    const labelled = this.#caches.nodes
      .list()
      .filter(({ metadata }) => metadata.labels?.[labels.nodeSide] !== undefined);
    return labelled.map(({ metadata }) => `node ${metadata.name}`);
  }

  async #deleteWorkloads(): Promise<void> {
    // In the foreground: the DaemonSet is gone only when its pods are.
    const [daemons] = this.#caches.daemonSets.list();
    if (daemons && !isBeingDeleted(daemons)) {
      await this.#store.delete(daemonSet, workloads.daemon, this.#namespace, { propagation: 'Foreground' });
    }
    // No DPU has devices of them any more.
    await inTurn(this.#caches.dpuNetworks.list(), (network) =>
      removeFinalizer(this.#store, dpuNetwork, network, finalizers.network),
    );
    if (!this.#caches.multusInstalled) return;
    const networks = this.#caches.networks.flatMap((informer) => informer.list());
    const own = networks.filter((one) => controllerName(one, dpuOperatorConfig.kind));
    await inTurn([...own, ...this.#caches.networkNads.list()], ({ metadata: { name, namespace: where, uid } }) =>
      this.#store.delete(networkAttachmentDefinition, name, where, { uid }),
    );
  }

  #whyStillThere(dpu: DataProcessingUnit): string {
    const { name } = dpu.metadata;
    const node = this.#caches.nodes.get(dpu.spec.nodeName);
    if (node && !hasDaemon(node.metadata.labels ?? {})) {
      const label = `kubectl label node ${dpu.spec.nodeName} ${labels.dpuNode}=true`;
      return `DataProcessingUnit ${name}: no daemon runs on its node to tear it down; ${label}`;
    }
    const ready = findCondition(dpu.status?.conditions, dpuConditions.ready);
    const reason = ready && ready.status !== 'True' ? `: ${ready.message}` : '';
    return `DataProcessingUnit ${name} is being torn down by the daemon on ${dpu.spec.nodeName}${reason}`;
  }
}

const atWork = `the DPU daemon has something left to undo there, which its events on the node name (kubectl events -A --for node/<name>); where there is no daemon any more: kubectl label node <name> ${labels.nodeSide}-`;
