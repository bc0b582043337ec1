/** What this daemon keeps on its node beside DPUs: the label that says which side it is, and the services for pods. */
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import { labels } from '../../api/index.ts';
import { firstTen } from '../../first-ten.ts';
import { type EventRecorder, type KubeStore, type Node, node as nodeType } from '../../kube/index.ts';
import { describe } from '../attach/record/attachment.ts';
import type { AttachmentStore } from '../attach/record/store.ts';
import type { NodeCleanup } from '../dpu/dpu-actions.ts';
import { nodeSideLabel } from '../dpu/status/dpu-objects.ts';
import type { NodeOrder } from './node-order.ts';

/** The CNI server and its executable, and the registration with the kubelet. */
export interface PodServices {
  start(): Promise<void>;
  /** Takes off the node what pods' set-up needs; what the daemon has written down stays. */
  uninstall(): Promise<void>;
  /** Takes every trace of the daemon off the node. */
  remove(): Promise<void>;
}

export interface NodeStateOptions {
  store: KubeStore;
  nodeName: string;
  /** The node as last seen, and what is wanted of it. */
  cluster: { readonly node: Node | undefined; readonly order: NodeOrder };
  nodeDpus: {
    /** Until this daemon has looked for DPUs, the label of an earlier one stays. */
    readonly hasLooked: boolean;
    readonly hasObjects: boolean;
    sides(): ReadonlySet<DpuSide>;
  };
  services: PodServices;
  /** While there are any, pods may be here that the services are still needed for. */
  attachments: Pick<AttachmentStore, 'list' | 'unreadable'>;
  events: Pick<EventRecorder, 'event'>;
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

  /** @throws Error while the daemon has something left to undo: without the last DPU nothing keeps it on the node */
  async beforeRelease(): Promise<void> {
    await this.reconcile();
    const { nodeDpus, cluster } = this.#options;
    const left = this.#attachmentsLeft();
    if (cluster.order.is !== 'leave' || nodeDpus.sides().size > 0 || left.length === 0) return;
    throw new Error(waitsFor(left));
  }

  async #reconcile(): Promise<void> {
    const { order } = this.#options.cluster;
    await this.#serve(order);
    await this.#label(order);
  }

  async #serve(order: NodeOrder): Promise<void> {
    const { nodeDpus, services } = this.#options;
    const hasDpus = nodeDpus.sides().size > 0;
    const left = this.#attachmentsLeft();
    if (hasDpus || left.length > 0) await services.start();
    else if (nodeDpus.hasLooked && order.is === 'leave') await services.remove();
    // A daemon whose node loses the label dpu=true is gone at once where it has no DPU: nothing may be left by then.
    else if (nodeDpus.hasLooked && order.is === 'serve' && !nodeDpus.hasObjects) await services.uninstall();
    if (order.is === 'leave' && nodeDpus.hasLooked && !hasDpus && left.length > 0) await this.#reportLeft(left);
  }

  /** Attachments of DPUs that went, such as those whose addresses alone are still to be given back. */
  #attachmentsLeft(): string[] {
    const { attachments } = this.#options;
    const unreadable = attachments.unreadable().map(({ path, reason }) => `${path} (${reason})`);
    return [...attachments.list().map(describe), ...unreadable];
  }

  async #reportLeft(left: readonly string[]): Promise<void> {
    const { events, nodeName } = this.#options;
    await events.event(
      { apiVersion: nodeType.apiVersion, kind: nodeType.kind, metadata: { name: nodeName } },
      {
        type: 'Warning',
        reason: 'AttachmentsLeft',
        message: waitsFor(left),
        action: 'Leave',
      },
    );
  }

  async #label(order: NodeOrder): Promise<void> {
    const { store, nodeName, cluster, nodeDpus, logger } = this.#options;
    // On a node that was registered anew the daemon's label would say that the admin's was taken off.
    if (!nodeDpus.hasLooked || order.is === 'wait') return;
    const wanted = nodeSideLabel(nodeDpus.sides());
    // Without the admin's label this one alone keeps the daemon's pod here.
    const hasFinalizers = order.is === 'leave' && order.by === 'nodeLabel' && nodeDpus.hasObjects;
    if (!wanted && (hasFinalizers || this.#attachmentsLeft().length > 0)) return;
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

const waitsFor = (left: readonly string[]): string =>
  `the DPU daemon leaves when these attachments are undone, see its log for why they are not: ${firstTen(left)}`;
