/**
 * The DPUs of this node on the API server: what detection finds, the objects there and those who use a DPU come together
 * here, {@link planDpu} decides, and its actions are done in order. Every event ends in {@link DpuFleet.#reconcile}.
 */
import { EventEmitter } from 'node:events';
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import {
  type Condition,
  type DataProcessingUnit,
  dataProcessingUnit,
  finalizers,
  labels,
  labelValue,
} from '../../api/index.ts';
import {
  Controller,
  type EventRecorder,
  Informer,
  isBeingDeleted,
  isNotFound,
  type KubeStore,
  removeFinalizer,
} from '../../kube/index.ts';
import type { DpuFinding, KnownDpu } from '../detect/find-dpus.ts';
import { Findings } from '../detect/findings.ts';
import { nameBehindNode } from '../detect/names.ts';
import type { ServedDpu } from '../detect/served-dpu.ts';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { daemonStatus } from './daemon-status.ts';
import type { DpuUsers } from './dpu-conditions.ts';
import type { DpuManager } from './dpu-manager.ts';
import { DpuObjects, knownByObject } from './dpu-objects.ts';
import { drainOf } from './drain.ts';
import { obeyForgetHost } from './forget-host.ts';
import type { ManagedDpus } from './managed-dpus.ts';
import { type DpuAction, planDpu } from './plan.ts';
import type { WriteLimit } from './write-limit.ts';

/** Who uses the DPUs of this node, by the attachments on disk. */
export interface DpuPods {
  /** `namespace/name` of the pods that use a DPU, or a device of it on behalf of the DPU side of the same node. */
  pods(dpuName: string): string[];
  /** Records that cannot be read, each with the reason. While there are any, the absence of a pod proves nothing. */
  unreadable(): readonly string[];
}

/** The rest of what the operator has on this node. */
export interface NodeCleanup {
  /** Awaited before the finalizer of a DPU that went is taken off: then nobody may come back to clean up. */
  beforeRelease(): Promise<void>;
}

export interface DpuFleetOptions {
  store: KubeStore;
  events: EventRecorder;
  nodeName: string;
  dpus: ManagedDpus;
  attachments: DpuPods;
  /** See {@link DpuObjectsOptions.wordsLimit}. */
  wordsLimit?: (() => WriteLimit) | undefined;
  logger: Logger;
}

export interface DpuFleetEvents {
  /** The sides that this node has may be others now. */
  sides: [];
  /** A DPU has become ready. */
  ready: [];
  /** There is an object that detection has not looked for. */
  unlooked: [];
}

export class DpuFleet extends EventEmitter<DpuFleetEvents> {
  readonly #options: DpuFleetOptions;
  readonly #dpus: ManagedDpus;
  readonly #objects: DpuObjects;
  readonly #informer: Informer<DataProcessingUnit>;
  readonly #controller: Controller;
  readonly #findings = new Findings();
  readonly #ready = new Set<string>();
  /** By DPU: the rollout before which its VSP has taken away what it made. */
  readonly #cleared = new Map<string, string>();
  /** The records that could not be read at the last change of the attachments. */
  #unreadable = '';
  #node: NodeCleanup | undefined;

  constructor(options: DpuFleetOptions) {
    super();
    const { store, events, nodeName, logger } = options;
    this.#options = options;
    this.#dpus = options.dpus;
    this.#objects = new DpuObjects({ store, events, nodeName, wordsLimit: options.wordsLimit });
    const labelSelector = `${labels.node}=${labelValue(nodeName)}`;
    this.#informer = new Informer(store, dataProcessingUnit, { labelSelector, logger });
    this.#controller = new Controller({ name: 'dpu', reconcile: (name) => this.#reconcile(name), logger });
  }

  /** Fills the cache, then works until `signal` is aborted. */
  async start(signal: AbortSignal, node: NodeCleanup): Promise<void> {
    this.#node = node;
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
    for (const manager of this.#dpus.managers()) manager.vsp.podsChanged();
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

  async #reconcile(name: string): Promise<void> {
    const object = this.#informer.get(name);
    const served = this.#dpus.manager(name);
    if (object && served) await obeyForgetHost(this.#options, object, served);
    const actions = planDpu({
      object: this.#observeObject(object),
      finding: this.#findings.get(name),
      record: this.#dpus.record(name),
      users: this.#usersOf(name),
      cleared: this.#cleared.get(name),
    });
    for (const action of actions) await this.#apply(name, action);
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

  async #apply(name: string, action: DpuAction): Promise<void> {
    const { store } = this.#options;
    switch (action.do) {
      case 'look':
        if (this.hasLooked) this.emit('unlooked');
        return;
      case 'makeObject':
        return await this.#makeObject(action.dpu);
      case 'correctObject':
        if (this.#objects.isAsDetected(action.object, action.dpu)) return;
        return await this.#objects.correct(action.dpu);
      case 'deleteObject':
        await store.delete(dataProcessingUnit, name, undefined, { uid: action.object.metadata.uid });
        return;
      case 'manage':
        return await this.#manage(name, action);
      case 'offer':
        return this.#offer(name, action.problem);
      case 'withdraw':
        return this.#withdraw(name, action.leaving);
      case 'clear':
        // Where the VSP is away for a moment, its return brings it here again.
        if (await this.#dpus.manager(name)?.vsp.clear()) this.#cleared.set(name, action.rollout);
        return;
      case 'report':
        return await this.#report(name, action);
      case 'tearDown':
        return await this.#tearDown(name);
      case 'release':
        return await this.#release(action.object);
    }
  }

  async #makeObject(dpu: ServedDpu): Promise<void> {
    const { nodeName, logger } = this.#options;
    const foreign = await this.#objects.ensure(dpu);
    if (!foreign) return;
    const name = nameBehindNode(dpu, nodeName);
    const owner = foreign.spec.nodeName;
    if (dpu.name === name || this.#dpus.record(dpu.name)) {
      throw new Error(`DataProcessingUnit ${dpu.name} is node ${owner}'s: delete it there, or this DPU has no object`);
    }
    logger.info({ dpu: name, owner }, `node ${owner} has a DPU with the identifier ${dpu.identifier} too`);
    // On disk first: from now on detection finds it under this name.
    await this.#dpus.manage({ ...dpu, name });
    this.emit('unlooked');
  }

  async #manage(name: string, action: DpuAction & { do: 'manage' }): Promise<void> {
    if (await this.#dpus.manage(action.dpu)) this.emit('sides');
    const manager = this.#dpus.manager(name);
    manager?.setNumVfs(action.vfs);
    manager?.setChannel(action.channel, action.worked);
    manager?.dpuSide?.hosts.expireAfter(action.hostPortsExpireAfterMinutes);
  }

  #offer(name: string, problem: string | undefined): void {
    const { devices, dpuSide } = this.#dpus.manager(name) ?? {};
    devices?.setHardwareProblem(problem);
    dpuSide?.setLeaving(false);
    if (devices?.withdrawn) devices.offerAgain();
  }

  #withdraw(name: string, isLeaving: boolean): void {
    const { devices, dpuSide } = this.#dpus.manager(name) ?? {};
    dpuSide?.setLeaving(isLeaving);
    if (devices && !devices.withdrawn) devices.withdraw();
  }

  async #report(name: string, action: DpuAction & { do: 'report' }): Promise<void> {
    const { object } = action;
    const manager = this.#dpus.manager(name);
    this.#noteReady(name, manager?.ready?.status);
    const hosts = object.spec.isDpuSide && isBeingDeleted(object) ? this.#dpus.hostOwners(name) : undefined;
    const waitMs = await this.#objects.writeStatus(object, daemonStatus(action, manager, hosts));
    if (waitMs > 0) this.#controller.enqueueAfter(name, waitMs);
    await this.#objects.tellOfCard(object, manager?.vsp.card.takeEvents() ?? []);
  }

  /** Whoever waits for a DPU hears each time that it has become ready. */
  #noteReady(name: string, status: Condition['status'] | undefined): void {
    if (status === 'False') this.#ready.delete(name);
    else if (status !== undefined && !this.#ready.has(name)) {
      this.#ready.add(name);
      this.emit('ready');
    }
  }

  async #tearDown(name: string): Promise<void> {
    await this.#dpus.tearDown(name);
    this.#ready.delete(name);
    this.#cleared.delete(name);
    this.#findings.tornDown(name);
    this.emit('sides');
    await this.#node?.beforeRelease();
  }

  async #release(object: DataProcessingUnit): Promise<void> {
    this.#objects.forget(object);
    try {
      await removeFinalizer(this.#options.store, dataProcessingUnit, object, finalizers.daemon);
    } catch (error) {
      // Gone already, and the cache is behind.
      if (!isNotFound(error)) throw error;
    }
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
