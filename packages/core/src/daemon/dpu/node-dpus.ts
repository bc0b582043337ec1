/**
 * The controller of this node's DPUs: what detection finds, their objects on the API server and those who use a DPU come
 * together here, {@link planDpu} decides, and {@link DpuActions} does it in order, by the managers that {@link ManagedDpus}
 * keeps. Every event ends in {@link NodeDpus.#reconcile}. Others ask it which DPUs and sides there are.
 */
import { EventEmitter } from 'node:events';
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import { type DataProcessingUnit, dataProcessingUnit, labels, labelValue } from '../../api/index.ts';
import {
  Controller,
  type EventRecorder,
  Informer,
  isBeingDeleted,
  type KubeStore,
  type Requeue,
} from '../../kube/index.ts';
import type { DpuFinding } from '../detect/find-dpus.ts';
import { Findings } from '../detect/findings.ts';
import type { KnownDpu } from '../detect/known-dpu.ts';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { DpuActions, type NodeCleanup, type NodeDpusEvents } from './dpu-actions.ts';
import type { DpuManager } from './dpu-manager.ts';
import { obeyForgetHost } from './forget-host.ts';
import type { ManagedDpus } from './managed-dpus.ts';
import { planDpu } from './plan.ts';
import type { DpuUsers } from './status/dpu-conditions.ts';
import { DpuObjects, knownByObject } from './status/dpu-objects.ts';
import { drainOf } from './status/drain.ts';
import type { WriteLimit } from './status/write-limit.ts';

/** Who uses the DPUs of this node, by the attachments on disk. */
export interface DpuPods {
  /** `namespace/name` of the pods that use a DPU, or a device of it on behalf of the DPU side of the same node. */
  pods(dpuName: string): string[];
  /** Records that cannot be read, each with the reason. While there are any, the absence of a pod proves nothing. */
  unreadable(): readonly string[];
}

export interface NodeDpusOptions {
  store: KubeStore;
  events: EventRecorder;
  nodeName: string;
  dpus: ManagedDpus;
  attachments: DpuPods;
  /** See {@link DpuObjectsOptions.messageLimit}. */
  messageLimit?: (() => WriteLimit) | undefined;
  logger: Logger;
}

export class NodeDpus extends EventEmitter<NodeDpusEvents> {
  readonly #options: NodeDpusOptions;
  readonly #dpus: ManagedDpus;
  readonly #informer: Informer<DataProcessingUnit>;
  readonly #actions: DpuActions;
  readonly #controller: Controller;
  readonly #findings = new Findings();
  /** The records that could not be read at the last change of the attachments. */
  #unreadable = '';

  constructor(options: NodeDpusOptions) {
    super();
    const { store, events, nodeName, logger } = options;
    this.#options = options;
    this.#dpus = options.dpus;
    this.#actions = new DpuActions({
      store,
      nodeName,
      dpus: options.dpus,
      objects: new DpuObjects({ store, events, nodeName, messageLimit: options.messageLimit }),
      findings: this.#findings,
      events: this,
      logger,
    });
    const labelSelector = `${labels.node}=${labelValue(nodeName)}`;
    this.#informer = new Informer(store, dataProcessingUnit, { labelSelector, logger });
    this.#controller = new Controller({ name: 'dpu', reconcile: (name) => this.#reconcile(name), logger });
  }

  /** Fills the cache, then works until `signal` is aborted. */
  async start(signal: AbortSignal, node: NodeCleanup): Promise<void> {
    this.#actions.node = node;
    this.#dpus.on('change', (name) => this.#controller.enqueue(name));
    this.#dpus.on('unreadable', () => this.#enqueueKnown());
    await this.#informer.start(signal);
    this.#informer.onChange((object, _previous, kind) => {
      this.#controller.enqueue(object.metadata.name);
      if (kind === 'deleted') this.emit('sides');
    });
    for (const { name } of this.#dpus.records()) this.#controller.enqueue(name);
    void this.#controller.start(signal);
  }

  /** What detection says of every DPU that it was told of by {@link known}, and of new ones. */
  setFindings(findings: readonly DpuFinding[]): void {
    const before = this.#findings.names();
    this.#findings.set(findings);
    for (const name of new Set([...before, ...this.#findings.names(), ...this.#knownNames()])) {
      this.#controller.enqueue(name);
    }
    this.emit('sides');
  }

  /** A pod has come or gone: a DPU that waits for its pods may go now. */
  attachmentsChanged(): void {
    for (const manager of this.#dpus.managers()) manager.podsChanged();
    const unreadable = this.#options.attachments.unreadable().join('\n');
    const concernsAll = unreadable !== this.#unreadable;
    this.#unreadable = unreadable;
    if (concernsAll) for (const manager of this.#dpus.managers()) manager.recordsChanged();
    for (const name of this.#knownNames()) {
      if (concernsAll || this.#waitsForPods(name)) this.#controller.enqueue(name);
    }
  }

  /** The DPUs that were detected before, by records, and by objects after a reboot. */
  known(): KnownDpu[] {
    const known = new Map<string, KnownDpu>(
      this.#informer.list().map((object) => [object.metadata.name, knownByObject(object)]),
    );
    for (const record of this.#dpus.records()) known.set(record.name, record);
    return [...known.values()];
  }

  /** Whether DPUs have been looked for since the daemon's start. */
  get hasLooked(): boolean {
    return this.#findings.hasLooked;
  }

  /** Whether the API server has objects of this node's DPUs. */
  get hasObjects(): boolean {
    return this.#informer.list().length > 0;
  }

  /** gone when there is no DPU of that name (any more): it was torn down, or there never was one. */
  presence(name: string): Presence<DpuManager> {
    const manager = this.#dpus.manager(name);
    if (manager) return there(manager);
    if (!this.hasLooked) return unknown('DPUs have not been looked for yet');
    return this.#findings.get(name) || this.#informer.get(name) ? unknown(`DPU ${name} is not served yet`) : gone;
  }

  /** Of the DPUs that are here or may be, and of those that have not been torn down. */
  sides(): Set<DpuSide> {
    return new Set([...this.#findings.staying(), ...this.#dpus.records()].map(({ side }) => side));
  }

  async #reconcile(name: string): Promise<Requeue | undefined> {
    const object = this.#informer.get(name);
    const served = this.#dpus.manager(name);
    if (object && served) await obeyForgetHost(this.#options, object, served);
    const actions = planDpu({
      object: this.#observeObject(object),
      finding: this.#findings.get(name),
      record: this.#dpus.record(name),
      users: this.#usersOf(name),
      cleared: this.#actions.cleared(name),
    });
    let requeue: Requeue | undefined;
    for (const action of actions) requeue = (await this.#actions.apply(name, action)) ?? requeue;
    return requeue;
  }

  #observeObject(object: DataProcessingUnit | undefined): Presence<DataProcessingUnit> {
    if (object) return there(object);
    return this.#informer.hasSynced ? gone : unknown('the cache is being filled');
  }

  #usersOf(name: string): DpuUsers {
    return {
      pods: this.#options.attachments.pods(name),
      hosts: this.#dpus.hostOwners(name),
      unreadable: [...this.#options.attachments.unreadable(), ...this.#dpus.unreadable(name)],
    };
  }

  #waitsForPods(name: string): boolean {
    const object = this.#informer.get(name);
    const finding = this.#findings.get(name);
    if (finding?.pluginGone) return true;
    return object ? isBeingDeleted(object) || drainOf(object) !== undefined : finding !== undefined;
  }

  #enqueueKnown(): void {
    for (const name of this.#knownNames()) this.#controller.enqueue(name);
  }

  #knownNames(): Set<string> {
    return new Set(this.known().map(({ name }) => name));
  }
}
