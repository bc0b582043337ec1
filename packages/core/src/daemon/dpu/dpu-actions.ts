/** Does what planDpu has decided for a DPU: its object on the API server, its manager, the devices that pods are offered. */
import type { EventEmitter } from 'node:events';
import type { Logger } from 'pino';
import { type Condition, type DataProcessingUnit, dataProcessingUnit, finalizers } from '../../api/index.ts';
import { isBeingDeleted, isNotFound, type KubeStore, type Requeue, removeFinalizer } from '../../kube/index.ts';
import type { Findings } from '../detect/findings.ts';
import { nameBehindNode } from '../detect/names.ts';
import type { ServedDpu } from '../detect/served-dpu.ts';
import type { ManagedDpus } from './managed-dpus.ts';
import type { DpuAction } from './plan.ts';
import { daemonStatus } from './status/daemon-status.ts';
import type { DpuObjects } from './status/dpu-objects.ts';

export interface NodeDpusEvents {
  /** The sides that this node has may be others now. */
  sides: [];
  /** A DPU has become ready. */
  ready: [];
  /** There is an object that detection has not looked for. */
  needsLook: [];
}

/** The rest of what the operator has on this node. */
export interface NodeCleanup {
  /** Awaited before the finalizer of a DPU that went is taken off: then nobody may come back to clean up. */
  beforeRelease(): Promise<void>;
}

export interface DpuActionsOptions {
  store: KubeStore;
  nodeName: string;
  dpus: ManagedDpus;
  objects: DpuObjects;
  findings: Findings;
  /** Where the listeners of {@link NodeDpus} hear of what was done. */
  events: EventEmitter<NodeDpusEvents>;
  logger: Logger;
}

export class DpuActions {
  /** Known once the daemon has started. */
  node: NodeCleanup | undefined;
  readonly #options: DpuActionsOptions;
  readonly #ready = new Set<string>();
  /** By DPU: the rollout before which its VSP has taken away what it made. */
  readonly #cleared = new Map<string, string>();

  constructor(options: DpuActionsOptions) {
    this.#options = options;
  }

  /** `startedAt` of the rollout for which a DPU's VSP took away what it had made. */
  cleared(name: string): string | undefined {
    return this.#cleared.get(name);
  }

  /** @returns when the DPU is to be looked at again although nothing changes */
  async apply(name: string, action: DpuAction): Promise<Requeue | undefined> {
    const { store, dpus, objects, findings, events } = this.#options;
    switch (action.do) {
      case 'look':
        if (findings.hasLooked) events.emit('needsLook');
        return;
      case 'makeObject':
        await this.#makeObject(action.dpu);
        return;
      case 'correctObject':
        if (!objects.isAsDetected(action.object, action.dpu)) await objects.correct(action.dpu);
        return;
      case 'deleteObject':
        await store.delete(dataProcessingUnit, name, undefined, { uid: action.object.metadata.uid });
        return;
      case 'manage':
        await this.#manage(name, action);
        return;
      case 'offer':
        this.#offer(name, action.problem);
        return;
      case 'withdraw':
        this.#withdraw(name, action.leaving);
        return;
      case 'clear':
        // Where the VSP is away for a moment, its return brings it here again.
        if (!(await dpus.manager(name)?.vsp.clear())) return;
        this.#cleared.set(name, action.rollout);
        // To say so.
        return { requeueAfterMs: 0 };
      case 'report':
        return await this.#report(name, action);
      case 'tearDown':
        await this.#tearDown(name);
        return;
      case 'release':
        await this.#release(action.object);
        return;
    }
  }

  async #makeObject(dpu: ServedDpu): Promise<void> {
    const { nodeName, dpus, objects, events, logger } = this.#options;
    const foreign = await objects.ensure(dpu);
    if (!foreign) return;
    const name = nameBehindNode(dpu, nodeName);
    const owner = foreign.spec.nodeName;
    if (dpu.name === name || dpus.record(dpu.name)) {
      throw new Error(`DataProcessingUnit ${dpu.name} is node ${owner}'s: delete it there, or this DPU has no object`);
    }
    logger.info({ dpu: name, owner }, `node ${owner} has a DPU with the identifier ${dpu.identifier} too`);
    // On disk first: from now on detection finds it under this name.
    await dpus.manage({ ...dpu, name });
    events.emit('needsLook');
  }

  async #manage(name: string, action: DpuAction & { do: 'manage' }): Promise<void> {
    const { dpus, events } = this.#options;
    if (await dpus.manage(action.dpu)) events.emit('sides');
    const manager = dpus.manager(name);
    manager?.setNumVfs(action.vfs);
    await manager?.setNetworks(action.networks ?? []);
    manager?.setChannel(action.channel, action.worked);
    manager?.dpuSide?.hosts.expireAfter(action.hostPortsExpireAfterMinutes);
  }

  #offer(name: string, problem: string | undefined): void {
    const { devices, dpuSide } = this.#options.dpus.manager(name) ?? {};
    devices?.setHardwareProblem(problem);
    dpuSide?.setLeaving(false);
    if (devices?.withdrawn) devices.offerAgain();
  }

  #withdraw(name: string, isLeaving: boolean): void {
    const { devices, dpuSide } = this.#options.dpus.manager(name) ?? {};
    dpuSide?.setLeaving(isLeaving);
    if (devices && !devices.withdrawn) devices.withdraw();
  }

  async #report(name: string, action: DpuAction & { do: 'report' }): Promise<Requeue | undefined> {
    const { dpus, objects } = this.#options;
    const { object } = action;
    const manager = dpus.manager(name);
    this.#noteReady(name, manager?.ready?.status);
    const hosts = object.spec.isDpuSide && isBeingDeleted(object) ? dpus.hostOwners(name) : undefined;
    const waitMs = await objects.writeStatus(object, daemonStatus(action, manager, hosts));
    await objects.recordCardEvents(object, manager?.vsp.card.takeEvents() ?? []);
    return waitMs > 0 ? { requeueAfterMs: waitMs } : undefined;
  }

  /** Whoever waits for a DPU hears each time that it has become ready. */
  #noteReady(name: string, status: Condition['status'] | undefined): void {
    if (status === 'False') this.#ready.delete(name);
    else if (status !== undefined && !this.#ready.has(name)) {
      this.#ready.add(name);
      this.#options.events.emit('ready');
    }
  }

  async #tearDown(name: string): Promise<void> {
    const { dpus, findings, events } = this.#options;
    await dpus.tearDown(name);
    this.#ready.delete(name);
    this.#cleared.delete(name);
    findings.tornDown(name);
    events.emit('sides');
    await this.node?.beforeRelease();
  }

  async #release(object: DataProcessingUnit): Promise<void> {
    const { store, objects } = this.#options;
    objects.forget(object);
    try {
      await removeFinalizer(store, dataProcessingUnit, object, finalizers.daemon);
    } catch (error) {
      // Gone already, and the cache is behind.
      if (!isNotFound(error)) throw error;
    }
  }
}
