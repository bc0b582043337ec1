/** Shows the operator that this daemon works: a Lease that its event loop renews. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import {
  type DpuOperatorConfig,
  daemonLeaseLabels,
  daemonLeaseName,
  daemonLeaseRenewMs,
  daemonLeaseSeconds,
  fieldManagers,
} from '../../api/index.ts';
import { type Applied, type KubeStore, lease } from '../../kube/index.ts';
import { microTime } from '../../kube/objects/time.ts';
import type { Presence } from '../presence.ts';

export interface NodeLeaseOptions {
  store: KubeStore;
  namespace: string;
  nodeName: string;
  podName: string;
  /** The Lease goes with the DpuOperatorConfig. */
  owner: () => Presence<DpuOperatorConfig>;
  logger: Logger;
  /** Milliseconds between renewals. Default: 10,000. */
  renewMs?: number;
}

export class NodeLease {
  readonly #options: NodeLeaseOptions;
  #failing = false;

  constructor(options: NodeLeaseOptions) {
    this.#options = options;
  }

  /** Renews the Lease until `signal` is aborted. A renewal that fails is left to the next one. */
  async keep(signal: AbortSignal): Promise<void> {
    const { logger, renewMs = daemonLeaseRenewMs } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#renew(AbortSignal.any([signal, AbortSignal.timeout(renewMs)]));
        this.#failing = false;
      } catch (error) {
        if (!this.#failing && !signal.aborted) logger.warn({ err: error }, 'cannot renew the lease, trying again');
        this.#failing = true;
      }
      await sleep(renewMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { store, namespace, nodeName, podName, owner } = this.#options;
    const presence = owner();
    const config = presence.is === 'there' ? presence.value : undefined;
    const ownerReferences = config?.metadata.uid
      ? [{ apiVersion: config.apiVersion, kind: config.kind, name: config.metadata.name, uid: config.metadata.uid }]
      : [];
    const wanted: Applied = {
      apiVersion: lease.apiVersion,
      kind: lease.kind,
      metadata: {
        name: daemonLeaseName(nodeName),
        namespace,
        labels: daemonLeaseLabels,
        ownerReferences,
      },
      spec: {
        holderIdentity: podName,
        leaseDurationSeconds: daemonLeaseSeconds,
        renewTime: microTime(new Date()),
      },
    };
    await store.apply(lease, wanted, { fieldManager: fieldManagers.daemon, signal });
  }
}
