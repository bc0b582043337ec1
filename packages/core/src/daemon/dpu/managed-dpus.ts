/** The DPUs that this node serves: for each a record on disk and a manager. */
import { EventEmitter } from 'node:events';
import { rmSync } from 'node:fs';
import type { Sysfs } from '@dpu-operator/sdk/linux';
import type { Logger } from 'pino';
import { shorten, vspMetricsSocketName } from '../../api/index.ts';
import type { DeviceAllocations } from '../attach/collaborators.ts';
import type { ChainOrder, ChainOrders } from '../chains/chain-order.ts';
import { recordedHosts } from '../datapath/host-ports/host-port-records.ts';
import type { ServedDpu } from '../detect/served-dpu.ts';
import type { DevicePool } from '../kubelet/pool.ts';
import type { VspMetricsSource } from '../metrics/vsp-metrics.ts';
import type { Records } from '../state/records.ts';
import { describeUnreadable } from '../state/set-aside.ts';
import type { NodeTrust } from '../trust/channel-end.ts';
import type { AttachmentsView } from './attachments-view.ts';
import { DpuManager } from './dpu-manager.ts';
import { openDpuRecords } from './dpu-records.ts';

export interface ManagedDpusOptions {
  nodeName: string;
  pool: DevicePool;
  attachments: AttachmentsView;
  sysfs: Pick<Sysfs, 'vfPosition'>;
  /** What the kubelet says of who was given which device. */
  allocations?: Pick<DeviceAllocations, 'podOf'> | undefined;
  /** Undefined where there is no operator. */
  trust?: NodeTrust | undefined;
  /** The daemon's directory of records. */
  stateDirectory: string;
  /** The node's directory for the socket of a DPU's VSP. */
  vspDirectory: (dpuName: string) => string;
  /** Deletes the pod of a DPU's VSP, so that another is made. */
  restartVsp?: (dpuName: string) => Promise<void>;
  logger: Logger;
}

export interface ManagedDpusEvents {
  /** Called when what a manager says of its DPU may have changed. */
  change: [dpuName: string];
  /** Records have been set aside, or a person has deleted some that were. */
  unreadable: [];
}

export class ManagedDpus extends EventEmitter<ManagedDpusEvents> implements ChainOrders {
  readonly #options: ManagedDpusOptions;
  readonly #records: Records<ServedDpu>;
  readonly #managers = new Map<string, DpuManager>();

  constructor(options: ManagedDpusOptions) {
    super();
    this.#options = options;
    this.#records = openDpuRecords({
      directory: `${options.stateDirectory}/dpus`,
      logger: options.logger,
      onUnreadable: () => this.emit('unreadable'),
    });
  }

  /** Serves what an earlier daemon served: pods can be deleted although nothing has been looked for yet. */
  openRecorded(): void {
    for (const dpu of this.#records.values()) {
      try {
        if (!this.#managers.has(dpu.name)) this.#open(dpu);
      } catch (err) {
        this.#options.logger.error(
          { err, dpu: dpu.name },
          'cannot serve a DPU yet; it is tried when it is found again',
        );
      }
    }
  }

  records(): ServedDpu[] {
    return this.#records.values();
  }

  record(name: string): ServedDpu | undefined {
    return this.#records.get(name);
  }

  manager(name: string): DpuManager | undefined {
    return this.#managers.get(name);
  }

  managers(): DpuManager[] {
    return [...this.#managers.values()];
  }

  /** Where the VSPs of the DPUs that are served give their metrics. */
  metricsSources(): VspMetricsSource[] {
    return this.managers().map(({ dpu }) => ({
      dpu: dpu.name,
      plugin: dpu.plugin,
      socketPath: `${this.#directories(dpu.name).vsp}/${vspMetricsSocketName}`,
    }));
  }

  /** Hosts that have bridge ports on a DPU, by what is on disk where it is not served. */
  hostOwners(name: string): string[] {
    const manager = this.#managers.get(name);
    if (!manager) return this.#recordedHosts(name).owners;
    return manager.dpuSide?.dataPath.hostPorts.users() ?? [];
  }

  /** Records that may be of a DPU and cannot be read, each with the reason. */
  unreadable(name: string): string[] {
    const own = this.#managers.get(name)?.unreadable() ?? this.#recordedHosts(name).unreadable;
    return [...this.#records.unreadable(), ...own].map(describeUnreadable);
  }

  /** Those of every DPU that is served. */
  allUnreadable(): string[] {
    const own = this.managers().flatMap((manager) => manager.unreadable());
    return [...this.#records.unreadable(), ...own].map(describeUnreadable);
  }

  /** Takes a DPU into service, or what is new about one that is. @returns whether there was no such DPU before */
  async manage(dpu: ServedDpu): Promise<boolean> {
    await this.#records.put(dpu.name, dpu);
    const present = this.#managers.get(dpu.name);
    if (present?.dpu.identifier === dpu.identifier) return false;
    present?.close();
    this.#open(dpu);
    return true;
  }

  /** Takes away what its VSP made on the node, and what is known of it. */
  async tearDown(name: string): Promise<void> {
    await this.#managers.get(name)?.tearDown();
    this.#managers.delete(name);
    for (const directory of Object.values(this.#directories(name))) rmSync(directory, { recursive: true, force: true });
    await this.#records.delete(name);
    this.#options.logger.info({ dpu: name }, 'DPU torn down');
  }

  /** Lets go of all as they are: what pods use stays. */
  close(): void {
    for (const manager of this.#managers.values()) manager.close();
    this.#records.close();
  }

  async setOrder(order: ChainOrder): Promise<void> {
    await Promise.all(this.managers().map(({ dpuSide }) => dpuSide?.dataPath.setOrder(order)));
  }

  #open(dpu: ServedDpu): void {
    const { nodeName, pool, attachments, sysfs, allocations, trust, restartVsp, logger } = this.#options;
    const manager = new DpuManager({
      dpu,
      nodeName,
      directories: this.#directories(dpu.name),
      pool,
      attachments,
      sysfs,
      allocations,
      trust,
      onChange: () => this.emit('change', dpu.name),
      onUnreadable: () => this.emit('unreadable'),
      restartVsp: restartVsp && (() => restartVsp(dpu.name)),
      logger,
    });
    this.#managers.set(dpu.name, manager);
    // What it found unreadable at its start could not be asked for yet.
    if (manager.unreadable().length > 0) this.emit('unreadable');
  }

  #recordedHosts(name: string) {
    return recordedHosts({ directory: this.#directories(name).state, logger: this.#options.logger });
  }

  #directories(name: string): { vsp: string; state: string } {
    return {
      vsp: this.#options.vspDirectory(name),
      state: `${this.#options.stateDirectory}/dpu/${shorten(name, 200)}`,
    };
  }
}
