/** What this daemon keeps on its node beside DPUs: the label that says which side it is, and the services for pods. */

import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import { labels } from '../../api/index.ts';
import { type KubeStore, type Node, node as nodeType } from '../../kube/index.ts';
import { nodeSideLabel } from '../dpu/dpu-objects.ts';

/** The CNI server and its executable, and the registration with the kubelet. */
export interface PodServices {
  start(): Promise<void>;
  /** Takes every trace of the daemon off the node. */
  remove(): Promise<void>;
}

export interface NodeStateOptions {
  store: KubeStore;
  nodeName: string;
  /** The node as last seen. */
  node: () => Node | undefined;
  /** Whether this daemon has looked for DPUs; until then the label of an earlier one stays. */
  hasLooked: () => boolean;
  sides: () => ReadonlySet<DpuSide>;
  /** The DpuOperatorConfig is gone or going: nothing of the operator shall stay. */
  isUninstalling: () => boolean;
  services: PodServices;
  logger: Logger;
}

export class NodeState {
  readonly #options: NodeStateOptions;
  #work: Promise<void> = Promise.resolve();

  constructor(options: NodeStateOptions) {
    this.#options = options;
  }

  /** Brings the node in line; one run at a time. Doing it again does nothing. */
  settle(): Promise<void> {
    this.#work = this.#work.catch(() => {}).then(() => this.#settle());
    return this.#work;
  }

  async #settle(): Promise<void> {
    const { sides, isUninstalling, services } = this.#options;
    if (isUninstalling() && sides().size === 0) await services.remove();
    else await services.start();
    await this.#label();
  }

  async #label(): Promise<void> {
    const { store, nodeName, node, hasLooked, sides, logger } = this.#options;
    if (!hasLooked()) return;
    const wanted = nodeSideLabel(sides());
    const current = node();
    if (!current || current.metadata.labels?.[labels.nodeSide] === wanted) return;
    await store.patch(nodeType, nodeName, undefined, { metadata: { labels: { [labels.nodeSide]: wanted ?? null } } });
    logger.info({ label: wanted ?? 'none' }, 'node label set');
  }
}
