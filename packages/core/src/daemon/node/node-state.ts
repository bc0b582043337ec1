/** What this daemon keeps on its node beside DPUs: the label that says which side it is, and the services for pods. */

import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import { labels } from '../../api/index.ts';
import { type KubeStore, type Node, node as nodeType } from '../../kube/index.ts';
import { nodeSideLabel } from '../dpu/dpu-objects.ts';
import type { NodeCleanup } from '../dpu/fleet.ts';
import type { NodeOrder } from './node-order.ts';

/** The CNI server and its executable, and the registration with the kubelet. */
export interface PodServices {
  start(): Promise<void>;
  /** Takes every trace of the daemon off the node. */
  remove(): Promise<void>;
}

export interface NodeStateOptions {
  store: KubeStore;
  nodeName: string;
  /** The node as last seen, and what is wanted of it. */
  cluster: { readonly node: Node | undefined; readonly order: NodeOrder };
  fleet: {
    /** Until this daemon has looked for DPUs, the label of an earlier one stays. */
    readonly hasLooked: boolean;
    readonly hasObjects: boolean;
    sides(): ReadonlySet<DpuSide>;
  };
  services: PodServices;
  logger: Logger;
}

export class NodeState implements NodeCleanup {
  readonly #options: NodeStateOptions;
  #work: Promise<void> = Promise.resolve();
  #lastWrite: string | undefined;

  constructor(options: NodeStateOptions) {
    this.#options = options;
  }

  /** Brings the node in line; one run at a time. Doing it again does nothing. */
  reconcile(): Promise<void> {
    this.#work = this.#work.catch(() => {}).then(() => this.#reconcile());
    return this.#work;
  }

  beforeRelease(): Promise<void> {
    return this.reconcile();
  }

  async #reconcile(): Promise<void> {
    const { fleet, cluster, services } = this.#options;
    const { order } = cluster;
    const hasDpus = fleet.sides().size > 0;
    if (order.is === 'leave' && fleet.hasLooked && !hasDpus) await services.remove();
    else if (order.is === 'serve' || hasDpus) await services.start();
    await this.#label(order);
  }

  async #label(order: NodeOrder): Promise<void> {
    const { store, nodeName, cluster, fleet, logger } = this.#options;
    // On a node that was registered anew the daemon's label would say that the admin's was taken off.
    if (!fleet.hasLooked || order.is === 'wait') return;
    const wanted = nodeSideLabel(fleet.sides());
    // Without the admin's label this one alone keeps the daemon's pod here, which has finalizers to take off first.
    if (!wanted && order.is === 'leave' && order.by === 'nodeLabel' && fleet.hasObjects) return;
    const { node } = cluster;
    if (!node || node.metadata.labels?.[labels.nodeSide] === wanted) return;
    // The cache may be behind what was written for it.
    const write = JSON.stringify([node.metadata.uid, node.metadata.resourceVersion, wanted]);
    if (write === this.#lastWrite) return;
    await store.patch(nodeType, nodeName, undefined, { metadata: { labels: { [labels.nodeSide]: wanted ?? null } } });
    this.#lastWrite = write;
    logger.info({ label: wanted ?? 'none' }, 'node label set');
  }
}
