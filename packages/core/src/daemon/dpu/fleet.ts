/**
 * The DPUs of this node: for each one detected an object on the API server and a manager. The object's life decides: it
 * is made when the DPU is detected, and when it is to go, the DPU is torn down before its finalizer is taken off. An
 * object that somebody deletes while the DPU stays is made again, which starts the DPU afresh.
 */
import { rmSync } from 'node:fs';
import type { Sysfs } from '@dpu-operator/sdk/linux';
import type { DetectedDpu, DpuSide } from '@dpu-operator/sdk/manifest';
import type { Logger } from 'pino';
import {
  annotations,
  type DataProcessingUnit,
  dataProcessingUnit,
  finalizers,
  labels,
  shorten,
} from '../../api/index.ts';
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
import { type ChainDataPath, type ChainState, weightiest } from '../chains/chain-state.ts';
import { labelValue } from '../chains/network-function-pod.ts';
import type { FoundDpu, KnownDpu } from '../detect/found.ts';
import type { DevicePool } from '../device-plugin/pool.ts';
import { type AttachmentsView, DpuManager } from './dpu-manager.ts';
import { DpuObjects } from './dpu-objects.ts';
import { DpuRecords } from './dpu-records.ts';
import { DpuStanding } from './dpu-standing.ts';
import { drainOf } from './drain.ts';
import { ForeignNames } from './foreign-names.ts';
import { inUse } from './readiness.ts';

export interface DpuFleetOptions {
  store: KubeStore;
  events: EventRecorder;
  nodeName: string;
  pool: DevicePool;
  attachments: AttachmentsView;
  sysfs: Pick<Sysfs, 'vfPosition'>;
  /** The daemon's directory of records. */
  stateDirectory: string;
  /** The node's directory for the socket of a DPU's VSP. */
  vspDirectory: (dpuName: string) => string;
  /** The sides that this node has may be others now. */
  onSides: () => void;
  /** A DPU has become ready. */
  onReady: () => void;
  /** What {@link DpuFleet.stateOf} answers may be another now. */
  onChains?: () => void;
  /** Brings the node in line with its sides: awaited before the finalizer of a DPU that went is taken off. */
  settleNode: () => Promise<void>;
  logger: Logger;
}

export class DpuFleet implements ChainDataPath {
  readonly #options: DpuFleetOptions;
  readonly #objects: DpuObjects;
  readonly #informer: Informer<DataProcessingUnit>;
  readonly #controller: Controller;
  readonly #managers = new Map<string, DpuManager>();
  readonly #records: DpuRecords;
  /** undefined until detection has spoken for the first time: until then no DPU counts as gone. */
  #detected: Map<string, FoundDpu> | undefined;
  readonly #ready = new Set<string>();
  readonly #foreign: ForeignNames;
  readonly #standing: DpuStanding;
  #signal: AbortSignal | undefined;

  constructor(options: DpuFleetOptions) {
    const { store, events, nodeName, logger, stateDirectory } = options;
    this.#options = options;
    this.#objects = new DpuObjects(store, events, nodeName);
    const pods = (name: string) => options.attachments.pods(name);
    this.#standing = new DpuStanding({ objects: this.#objects, pods, onOffer: () => options.onSides() });
    const onFree = (name: string) => this.#controller.enqueue(name);
    this.#foreign = new ForeignNames({ store, events, nodeName, onFree, logger });
    const labelSelector = `${labels.node}=${labelValue(nodeName)}`;
    this.#informer = new Informer(store, dataProcessingUnit, { labelSelector, logger });
    this.#controller = new Controller({ name: 'dpu', reconcile: (name) => this.#reconcile(name), logger });
    this.#records = new DpuRecords(`${stateDirectory}/dpus`);
  }

  /** Fills the cache, then works until `signal` is aborted. */
  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    await this.#informer.start(signal);
    this.#informer.onChange((object) => this.#controller.enqueue(object.metadata.name));
    for (const name of this.#records.names()) this.#controller.enqueue(name);
    void this.#controller.start(signal);
  }

  setDetected(dpus: readonly FoundDpu[]): void {
    const before = this.#detected?.keys() ?? [];
    this.#detected = new Map(dpus.filter((dpu) => this.#isNeeded(dpu)).map((dpu) => [dpu.name, dpu]));
    for (const name of new Set([...before, ...this.#detected.keys(), ...this.#known()])) {
      this.#controller.enqueue(name);
    }
    this.#options.onSides();
  }

  /** The attachments of a DPU have changed: one that is to go may go now. */
  attachmentsChanged(): void {
    for (const manager of this.#managers.values()) manager.attachmentsChanged();
    for (const name of this.#known()) {
      const object = this.#informer.get(name);
      const detected = this.#detected?.get(name);
      if (detected && !this.#isNeeded(detected)) this.#detected?.delete(name);
      const isToGo = object ? isBeingDeleted(object) || drainOf(object) : !detected;
      if (isToGo || detected?.pluginGone) this.#controller.enqueue(name);
    }
  }

  /** What was detected before this look, with the plugins that did. */
  known(): ReadonlyMap<string, KnownDpu> {
    const known = [...this.#known()].flatMap((name): [string, KnownDpu][] => {
      const record = this.#records.get(name);
      const plugin = this.#informer.get(name)?.metadata.annotations?.[annotations.plugin] ?? record?.plugin;
      return plugin ? [[name, { plugin, record }]] : [];
    });
    return new Map(known);
  }

  managers(): DpuManager[] {
    return [...this.#managers.values()];
  }

  manager(name: string): DpuManager | undefined {
    return this.#managers.get(name);
  }

  async setOrder(chain: string, functions: readonly string[]): Promise<void> {
    await Promise.all(this.managers().map((manager) => manager.setChainOrder(chain, functions)));
  }

  stateOf(chain: string): ChainState | undefined {
    return weightiest(this.managers().map((manager) => manager.chainState(chain)));
  }

  /** Whether there is no DPU of that name (any more). One that has not been looked for may be there. */
  isGone(name: string): boolean {
    return this.#detected !== undefined && !this.#detected.has(name) && !this.#records.has(name);
  }

  /** Of the DPUs that are here, and of those that have not been torn down. */
  sides(): Set<DpuSide> {
    return new Set([...this.#present(), ...this.#records.list()].map(({ side }) => side));
  }

  /** Whether DPUs have been looked for since the daemon's start. */
  get hasLooked(): boolean {
    return this.#detected !== undefined;
  }

  /** Whether a DPU with that side is here to stay, and takes pods. */
  stays(side: DpuSide): boolean {
    return this.#present().some(({ name, side: its }) => {
      const object = this.#informer.get(name);
      return its === side && !(object && (isBeingDeleted(object) || drainOf(object)));
    });
  }

  close(): void {
    for (const manager of this.#managers.values()) manager.close();
  }

  #isNeeded({ name, pluginGone }: FoundDpu): boolean {
    return !pluginGone || this.#options.attachments.pods(name).length > 0;
  }

  #present(): DetectedDpu[] {
    return [...(this.#detected?.values() ?? [])].filter(({ name }) => !this.#foreign.has(name));
  }

  #known(): Set<string> {
    return new Set([...this.#records.names(), ...this.#informer.list().map(({ metadata }) => metadata.name)]);
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
      await this.#standing.settle(object, manager, detected);
    }
  }

  async #withoutObject(name: string, detected: DetectedDpu | undefined): Promise<void> {
    this.#foreign.forget(name);
    if (!detected) {
      // Its object was removed by force, or never made. There is nowhere to say which pods it waits for.
      const record = this.#records.get(name);
      if (!record) return;
      if (this.#options.attachments.pods(name).length > 0) (await this.#manage(record)).withdraw();
      else await this.#tearDown(name);
      return;
    }
    const foreign = await this.#objects.ensure(detected);
    if (foreign) await this.#foreign.watch(foreign, this.#signal);
  }

  async #delete(object: DataProcessingUnit): Promise<void> {
    const { name } = object.metadata;
    if (!hasFinalizer(object, finalizers.daemon)) return;
    this.#managers.get(name)?.withdraw();
    // The network functions of a DPU side that goes are pods that use it: they go first.
    this.#options.onSides();
    const pods = this.#options.attachments.pods(name);
    if (pods.length > 0) {
      const record = this.#records.get(name);
      // Pods that go need it until then.
      if (record) (await this.#manage(record)).withdraw();
      await this.#objects.writeStatus(object, { ready: inUse(pods), vsp: object.status?.vsp, drain: undefined });
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
    const record = this.#records.get(name);
    const manager = this.#managers.get(name) ?? (record && this.#open(record));
    await manager?.tearDown();
    this.#managers.delete(name);
    this.#ready.delete(name);
    this.#standing.forget(name);
    for (const directory of Object.values(this.#directories(name))) rmSync(directory, { recursive: true, force: true });
    await this.#records.delete(name);
    this.#options.onSides();
    await this.#options.settleNode();
    this.#options.logger.info({ dpu: name }, 'DPU torn down');
  }

  async #manage(dpu: DetectedDpu): Promise<DpuManager> {
    await this.#records.put(dpu);
    const present = this.#managers.get(dpu.name);
    if (present?.dpu.identifier === dpu.identifier) return present;
    // Another plugin may call it otherwise.
    present?.close();
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
      onChains: () => this.#options.onChains?.(),
      logger,
    });
  }

  #directories(name: string): { vsp: string; state: string } {
    return {
      vsp: this.#options.vspDirectory(name),
      state: `${this.#options.stateDirectory}/dpu/${shorten(name, 200)}`,
    };
  }
}
