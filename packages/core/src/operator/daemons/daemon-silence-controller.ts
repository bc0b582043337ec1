import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { type ConditionInput, findCondition, setCondition } from '../../api/fields/conditions.ts';
import { type DataProcessingUnit, dataProcessingUnit, dpuConditions } from '../../api/kinds/data-processing-unit.ts';
import { daemonLeaseName } from '../../api/names/daemon-lease.ts';
import { fieldManagers, workloads } from '../../api/names/names.ts';
import { Controller, type EventRecorder, type KubeStore, type Lease, lease } from '../../kube/index.ts';
import { hasDaemon } from '../config/daemon-set.ts';
import type { Caches } from '../shared/caches.ts';
import type { Environment } from '../shared/environment.ts';
import { inTurn } from '../shared/in-turn.ts';
import { tokens } from '../shared/tokens.ts';
import type { DaemonLeases } from './daemon-leases.ts';

/**
 * Says Ready=Unknown of the DPUs of a node whose daemon does not renew its Lease. The daemon takes the condition back
 * as soon as it works: it sees that its object says something else than it does. The Lease goes once its node has left;
 * a daemon that is there all the same makes it again.
 */
@injectable()
export class DaemonSilenceController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #namespace: string;
  readonly #events: EventRecorder;
  readonly #leases: DaemonLeases;

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
    @inject(tokens.daemonLeases) leases: DaemonLeases,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#namespace = namespace;
    this.#events = events;
    this.controller = new Controller({ name: 'daemon-silence', logger, reconcile: (name) => this.reconcile(name) });
    this.#leases = leases;
    leases.on('quiet', (leaseName) => this.controller.enqueue(leaseName));
    caches.nodes.onChange(({ metadata }) => {
      const leaseName = daemonLeaseName(metadata.name);
      if (this.#leaseOf(leaseName) && !this.#hasDaemon(leaseName)) this.controller.enqueue(leaseName);
    });
  }

  /** One that does not exist says nothing. @param leaseName of a Lease whose time may have run out */
  async reconcile(leaseName: string): Promise<void> {
    if ((await this.#leases.state(leaseName)) !== 'silent') return;
    await inTurn(this.#caches.dpusByLease.get(leaseName), (dpu) => this.#report(dpu));
    const uid = this.#leaseOf(leaseName)?.metadata.uid;
    if (!this.#hasDaemon(leaseName)) await this.#store.delete(lease, leaseName, this.#namespace, { uid });
  }

  #leaseOf(leaseName: string): Lease | undefined {
    return this.#caches.daemonLeases.get(leaseName, this.#namespace);
  }

  /** Whether the Lease is that of a node which is to have a daemon. */
  #hasDaemon(leaseName: string): boolean {
    return this.#caches.nodesByLease.get(leaseName).some(({ metadata }) => hasDaemon(metadata.labels ?? {}));
  }

  async #report(dpu: DataProcessingUnit): Promise<void> {
    const before = dpu.status?.conditions ?? [];
    const condition = silent(dpu.spec.nodeName, this.#namespace);
    const after = setCondition(before, condition);
    if (after === before) return;
    const { name, uid, resourceVersion } = dpu.metadata;
    const body = {
      apiVersion: dpu.apiVersion,
      kind: dpu.kind,
      // With its version: what a daemon has written meanwhile is a sign of life.
      metadata: { name, uid, resourceVersion },
      status: { conditions: [findCondition(after, condition.type)] },
    };
    await this.#store.applyStatus(dataProcessingUnit, body, { fieldManager: fieldManagers.silence });
    const { reason, message } = condition;
    await this.#events.event(dpu, { type: 'Warning', reason, message });
  }
}

function silent(nodeName: string, namespace: string): ConditionInput {
  const look = `kubectl get pods -n ${namespace} -l app=${workloads.daemon} --field-selector spec.nodeName=${nodeName}`;
  return {
    type: dpuConditions.ready,
    status: 'Unknown',
    reason: 'DaemonSilent',
    message: `the daemon of node ${nodeName} is not heard of any more; does the node run, and its daemon (${look})?`,
  };
}
