/**
 * The DPUs of this node: for each one detected an object on the API server and a manager. The object's life decides: it
 * is made when the DPU is detected, and when it is to go, the DPU is torn down before its finalizer is taken off. An
 * object that somebody deletes while the DPU stays is made again, which starts the DPU afresh.
 */
import { rmSync } from 'node:fs';
import type { Sysfs } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import { z } from 'zod';
import { type DataProcessingUnit, dataProcessingUnit, finalizers, labels, shorten } from '../../api/index.ts';
import {
  Controller,
  type EventRecorder,
  hasFinalizer,
  Informer,
  isBeingDeleted,
  isNotFound,
  type KubeStore,
  removeFinalizer,
} from '../../kube/index.ts';
import { labelValue } from '../chains/network-function-pod.ts';
import type { DetectedDpu, DpuSide } from '../detect/rules.ts';
import type { DevicePool } from '../device-plugin/pool.ts';
import { JsonFiles } from '../state/json-files.ts';
import { type AttachmentsView, DpuManager } from './dpu-manager.ts';
import { DpuObjects } from './dpu-objects.ts';
import { inUse } from './readiness.ts';

export interface FleetAttachments extends AttachmentsView {
  /** `namespace/name` of the pods that use a DPU, or a device of it on behalf of the DPU side of the same node. */
  pods(dpuName: string): string[];
}

export interface DpuFleetOptions {
  store: KubeStore;
  events: EventRecorder;
  nodeName: string;
  pool: DevicePool;
  attachments: FleetAttachments;
  sysfs: Pick<Sysfs, 'vfPosition'>;
  /** The daemon's directory of records. */
  stateDirectory: string;
  /** The node's directory for the socket of a DPU's VSP. */
  vspDirectory: (dpuName: string) => string;
  /** The sides that this node has may be others now. */
  onSides: () => void;
  /** A DPU has become ready. */
  onReady: () => void;
  /** Brings the node in line with its sides: awaited before the finalizer of a DPU that went is taken off. */
  settleNode: () => Promise<void>;
  logger: Logger;
}

const detectedSchema = z.object({
  name: z.string(),
  identifier: z.string(),
  productName: z.string(),
  side: z.enum(['host', 'dpu']),
  plugin: z.string(),
});

export class DpuFleet {
  readonly #options: DpuFleetOptions;
  readonly #objects: DpuObjects;
  readonly #informer: Informer<DataProcessingUnit>;
  readonly #controller: Controller;
  readonly #managers = new Map<string, DpuManager>();
  /** What was detected by this daemon or one before it: enough to tear a DPU down that is detected no more. */
  readonly #records: JsonFiles<DetectedDpu>;
  readonly #recorded: Map<string, DetectedDpu>;
  /** undefined until detection has spoken for the first time: until then no DPU counts as gone. */
  #detected: Map<string, DetectedDpu> | undefined;
  readonly #ready = new Set<string>();
  /** Objects of other nodes that have the name of a DPU of ours. */
  readonly #foreign = new Map<string, AbortController>();
  #signal: AbortSignal | undefined;

  constructor(options: DpuFleetOptions) {
    const { store, events, nodeName, logger, stateDirectory } = options;
    this.#options = options;
    this.#objects = new DpuObjects(store, events, nodeName);
    const labelSelector = `${labels.node}=${labelValue(nodeName)}`;
    this.#informer = new Informer(store, dataProcessingUnit, { labelSelector, logger });
    this.#controller = new Controller({ name: 'dpu', reconcile: (name) => this.#reconcile(name), logger });
    this.#records = new JsonFiles(`${stateDirectory}/dpus`, detectedSchema);
    this.#recorded = new Map(this.#records.entries());
  }

  /** Fills the cache, then works until `signal` is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await this.#informer.start(signal);
    this.#informer.onChange((object) => this.#controller.enqueue(object.metadata.name));
    for (const name of this.#recorded.keys()) this.#controller.enqueue(name);
    void this.#controller.start(signal);
  }

  setDetected(dpus: readonly DetectedDpu[]): void {
    const before = this.#detected?.keys() ?? [];
    this.#detected = new Map(dpus.map((dpu) => [dpu.name, dpu]));
    for (const name of new Set([...before, ...this.#detected.keys(), ...this.#known()])) {
      this.#controller.enqueue(name);
    }
    this.#options.onSides();
  }

  /** The attachments of a DPU have changed: one that is to go may go now. */
  attachmentsChanged(): void {
    for (const name of this.#known()) {
      const object = this.#informer.get(name);
      if (object ? isBeingDeleted(object) : !this.#detected?.has(name)) this.#controller.enqueue(name);
    }
  }

  managers(): DpuManager[] {
    return [...this.#managers.values()];
  }

  manager(name: string): DpuManager | undefined {
    return this.#managers.get(name);
  }

  /** Whether there is no DPU of that name (any more). One that has not been looked for may be there. */
  isGone(name: string): boolean {
    return this.#detected !== undefined && !this.#detected.has(name) && !this.#recorded.has(name);
  }

  /** Of the DPUs that are here, and of those that have not been torn down. */
  sides(): Set<DpuSide> {
    return new Set([...this.#present(), ...this.#recorded.values()].map(({ side }) => side));
  }

  /** Whether DPUs have been looked for since the daemon's start. */
  get hasLooked(): boolean {
    return this.#detected !== undefined;
  }

  /** Whether a DPU with that side is here to stay. */
  stays(side: DpuSide): boolean {
    return this.#present().some(({ name, side: its }) => {
      const object = this.#informer.get(name);
      return its === side && !(object && isBeingDeleted(object));
    });
  }

  close(): void {
    for (const manager of this.#managers.values()) manager.close();
  }

  #present(): DetectedDpu[] {
    return [...(this.#detected?.values() ?? [])].filter(({ name }) => !this.#foreign.has(name));
  }

  #known(): Set<string> {
    return new Set([...this.#recorded.keys(), ...this.#informer.list().map(({ metadata }) => metadata.name)]);
  }

  async #reconcile(name: string): Promise<void> {
    const object = this.#informer.get(name);
    if (object && isBeingDeleted(object)) return this.#delete(object);
    if (!this.#detected) return;
    const detected = this.#detected.get(name);
    if (!object) await this.#withoutObject(name, detected);
    else if (!detected) {
      await this.#options.store.delete(dataProcessingUnit, name, undefined, { uid: object.metadata.uid });
    } else {
      if (!this.#objects.isAsDetected(object, detected)) await this.#objects.correct(detected);
      const manager = await this.#manage(detected);
      manager.setNumVfs(object.spec.numVfs);
      const { ready } = manager;
      if (ready?.status === 'False') this.#ready.delete(name);
      else if (ready && !this.#ready.has(name)) {
        this.#ready.add(name);
        this.#options.onReady();
      }
      if (ready) await this.#objects.writeReady(object, ready);
    }
  }

  async #withoutObject(name: string, detected: DetectedDpu | undefined): Promise<void> {
    this.#foreign.get(name)?.abort();
    this.#foreign.delete(name);
    if (!detected) {
      // Its object was removed by force, or never made. There is nowhere to say which pods it waits for.
      const record = this.#recorded.get(name);
      if (!record) return;
      if (this.#options.attachments.pods(name).length > 0) (await this.#manage(record)).withdraw();
      else await this.#tearDown(name);
      return;
    }
    const foreign = await this.#objects.ensure(detected);
    if (foreign) await this.#watchForeign(foreign);
  }

  async #delete(object: DataProcessingUnit): Promise<void> {
    const { name } = object.metadata;
    if (!hasFinalizer(object, finalizers.daemon)) return;
    this.#managers.get(name)?.withdraw();
    // The network functions of a DPU side that goes are pods that use it: they go first.
    this.#options.onSides();
    const pods = this.#options.attachments.pods(name);
    if (pods.length > 0) {
      const record = this.#recorded.get(name);
      // Pods that go need it until then.
      if (record) (await this.#manage(record)).withdraw();
      await this.#objects.writeReady(object, inUse(pods));
      return;
    }
    await this.#tearDown(name);
    try {
      await removeFinalizer(this.#options.store, dataProcessingUnit, object, finalizers.daemon);
    } catch (error) {
      // Gone already, and the cache is behind.
      if (!isNotFound(error)) throw error;
    }
  }

  async #tearDown(name: string): Promise<void> {
    const record = this.#recorded.get(name);
    const manager = this.#managers.get(name) ?? (record && this.#open(record));
    await manager?.tearDown();
    this.#managers.delete(name);
    this.#ready.delete(name);
    for (const directory of Object.values(this.#directories(name))) rmSync(directory, { recursive: true, force: true });
    await this.#records.delete(name);
    this.#recorded.delete(name);
    this.#options.onSides();
    await this.#options.settleNode();
    this.#options.logger.info({ dpu: name }, 'DPU torn down');
  }

  async #manage(dpu: DetectedDpu): Promise<DpuManager> {
    const present = this.#managers.get(dpu.name);
    if (present) return present;
    await this.#records.put(dpu.name, dpu);
    this.#recorded.set(dpu.name, dpu);
    const manager = this.#open(dpu);
    this.#managers.set(dpu.name, manager);
    this.#options.onSides();
    return manager;
  }

  #open(dpu: DetectedDpu): DpuManager {
    const { nodeName, pool, attachments, sysfs, logger } = this.#options;
    return new DpuManager({
      dpu,
      nodeName,
      directories: this.#directories(dpu.name),
      pool,
      attachments,
      sysfs,
      onChange: () => this.#controller.enqueue(dpu.name),
      logger,
    });
  }

  #directories(name: string): { vsp: string; state: string } {
    return {
      vsp: this.#options.vspDirectory(name),
      state: `${this.#options.stateDirectory}/dpu/${shorten(name, 200)}`,
    };
  }

  /** Another node has the name: says so, and tries again when that object changes. */
  async #watchForeign(object: DataProcessingUnit): Promise<void> {
    const { store, events, nodeName, logger } = this.#options;
    const { name } = object.metadata;
    const owner = object.spec.nodeName;
    const message = `nodes ${owner} and ${nodeName} both have a DPU of this name; it is served on ${owner} only`;
    logger.error({ dpu: name, owner }, message);
    await events.event(object, { type: 'Warning', reason: 'NameTaken', message });
    const stop = new AbortController();
    this.#foreign.set(name, stop);
    const signal = AbortSignal.any([stop.signal, ...(this.#signal ? [this.#signal] : [])]);
    const informer = new Informer(store, dataProcessingUnit, { fieldSelector: `metadata.name=${name}`, logger });
    await informer.start(signal);
    informer.onChange((changed, _previous, kind) => {
      if (kind === 'deleted' || changed.spec.nodeName !== owner) this.#controller.enqueue(name);
    });
  }
}
