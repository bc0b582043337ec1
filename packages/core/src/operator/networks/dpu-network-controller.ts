import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { findCondition } from '../../api/conditions.ts';
import { type DataProcessingUnit, dataProcessingUnit, type NetworkWish } from '../../api/data-processing-unit.ts';
import { type DpuNetwork, type DpuNetworkStatus, dpuNetwork } from '../../api/dpu-network.ts';
import { acceleratedNetwork, configName, fieldManagers, finalizers, networkNad } from '../../api/names.ts';
import {
  type Applied,
  addFinalizer,
  Controller,
  type EventRecorder,
  isAsApplied,
  isBeingDeleted,
  isNotFound,
  isRefused,
  type KubeStore,
  networkAttachmentDefinition,
  type Requeue,
  removeFinalizer,
} from '../../kube/index.ts';
import { evictPods } from '../dpu/evictions.ts';
import type { Caches } from '../shared/caches.ts';
import { tokens } from '../shared/tokens.ts';
import { isOfNetworks, renderAcceleratedNad, renderNetworkNad } from './dpu-network-nad.ts';
import {
  deletingStatus,
  type NadFault,
  nadTaken,
  networkStatus,
  offStatus,
  type Reported,
  reportsOf,
} from './dpu-network-status.ts';
import { defaultNetworkNamespace } from './networks.ts';
import { type NetworksPlan, type PlannedNetwork, planNetworks } from './plan.ts';

/** No event tells that a PodDisruptionBudget allows an eviction again, or that a NAD of a stranger has gone. */
const lookAgainMs = 10_000;
/** A new network may concern every DPU of a fleet. */
const writesAtOnce = 16;

/** Milliseconds between writes of a status in which only numbers and words are others: the daemons of a fleet report one by one. */
const countsEveryMs = 2_000;

/** The networks of a fleet depend on each other: what one has, no other can have. */
const all = 'networks';

/**
 * Makes of each DpuNetwork a NetworkAttachmentDefinition, tells each DPU in its spec which of its devices are whose, and
 * says what became of it. The finalizer is there while a DPU has the network.
 */
@injectable()
export class DpuNetworkController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #events: EventRecorder;
  /** By uid: `performance.now()` at the last write of its status. */
  readonly #written = new Map<string, number>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#events = events;
    this.controller = new Controller({ name: 'dpu-network', logger, reconcile: () => this.reconcile() });
    const look = () => this.controller.enqueue(all);
    caches.dpuNetworks.onChange(look);
    caches.networkNads.onChange(look);
    caches.onMultus(look);
    caches.configs.onChange((config, previous, kind) => {
      if (kind !== 'updated' || isBeingDeleted(config) !== (previous && isBeingDeleted(previous))) look();
    });
    caches.dpus.onChange((dpu, previous, kind) => {
      if (kind !== 'updated' || !isDeepStrictEqual(networkFields(dpu), previous && networkFields(previous))) look();
    });
    caches.nodes.onChange((node, previous) => {
      if (isDeepStrictEqual(node.metadata.labels, previous?.metadata.labels)) return;
      if (caches.dpuNetworks.list().some(({ spec }) => spec.nodeSelector)) look();
    });
  }

  async reconcile(): Promise<Requeue | undefined> {
    const networks = this.#caches.dpuNetworks.list();
    const dpus = this.#caches.dpus.list();
    if (networks.length === 0 && !dpus.some(({ spec }) => spec.networks)) return undefined;
    const isOn = this.#isOn;
    const plan = planNetworks(isOn ? networks : [], dpus, (name) => {
      const node = this.#caches.nodes.get(name);
      return node && (node.metadata.labels ?? {});
    });
    const nadFaults = isOn ? await this.#applyNads(plan) : new Map<string, NadFault>();
    for (const { network, dpus: selected } of plan.networks.values()) {
      if (selected.length > 0) await addFinalizer(this.#store, dpuNetwork, network, finalizers.network);
    }
    const changed = dpus.filter(
      (dpu) => !isDeepStrictEqual(dpu.spec.networks ?? [], plan.wishes.get(dpu.metadata.name)),
    );
    for (let done = 0; done < changed.length; done += writesAtOnce) {
      const some = changed.slice(done, done + writesAtOnce);
      await Promise.all(some.map((dpu) => this.#tell(dpu, plan.wishes.get(dpu.metadata.name) ?? [])));
    }
    const waits = nadFaults.size > 0 ? [lookAgainMs] : [];
    const reports = reportsOf(this.#caches.dpus.list(), plan.wishes);
    for (const network of networks) {
      const { name } = network.metadata;
      const concluded = this.#conclude(network, plan.networks.get(name), reports.get(name) ?? [], nadFaults.get(name));
      waits.push(...(await concluded));
    }
    return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
  }

  /** Without a DpuOperatorConfig, or with one that is to go, nothing is served and nothing is held up. */
  get #isOn(): boolean {
    const config = this.#caches.configs.getByKey(configName);
    return config !== undefined && !isBeingDeleted(config);
  }

  /** @returns by network: why its NAD is not there. One that is refused keeps no other network from its own */
  async #applyNads({ networks }: NetworksPlan): Promise<Map<string, NadFault>> {
    const faults = new Map<string, NadFault>();
    if (!this.#caches.multusInstalled) return faults;
    const served = [...networks.values()].filter(({ fault }) => !fault).map(({ network }) => network);
    const apply = async (of: readonly DpuNetwork[], wanted: Applied) => {
      const fault = await this.#applyNad(wanted);
      if (fault) for (const { metadata } of of) faults.set(metadata.name, fault);
    };
    for (const network of served) await apply([network], renderNetworkNad(network));
    const accelerated = served.filter(({ spec }) => spec.isAccelerated);
    if (accelerated.length > 0) await apply(accelerated, renderAcceleratedNad(accelerated));
    const unneeded = this.#caches.networkNads.get(networkNad(acceleratedNetwork), defaultNetworkNamespace);
    if (unneeded && accelerated.length === 0) {
      const { name, namespace, uid } = unneeded.metadata;
      await this.#store.delete(networkAttachmentDefinition, name, namespace, { uid });
    }
    return faults;
  }

  async #applyNad(wanted: Applied): Promise<NadFault | undefined> {
    const { name, namespace } = wanted.metadata;
    const cached = this.#caches.networkNads.get(name, namespace);
    if (cached && isAsApplied(cached, wanted)) return undefined;
    try {
      // One without the label is in no cache.
      const other = cached ? undefined : await this.#store.get(networkAttachmentDefinition, name, namespace);
      if (other && !isOfNetworks(other)) return nadTaken(`${namespace}/${name}`);
      await this.#store.apply(networkAttachmentDefinition, wanted, { fieldManager: fieldManagers.networks });
      return undefined;
    } catch (error) {
      if (!isRefused(error)) throw error;
      return { reason: 'NadRefused', message: `${namespace}/${name} cannot be written: ${error.message}` };
    }
  }

  async #tell(dpu: DataProcessingUnit, networks: NetworkWish[]): Promise<void> {
    const { apiVersion, kind, metadata } = dpu;
    const body: Applied = {
      apiVersion,
      kind,
      // Without the uid the apply would bring back a DPU that was deleted meanwhile.
      metadata: { name: metadata.name, uid: metadata.uid },
      spec: networks.length > 0 ? { networks } : {},
    };
    await this.#store.apply(dataProcessingUnit, body, { fieldManager: fieldManagers.networks });
  }

  /**
   * What is known of it by now: what was just told to daemons is theirs to answer, and comes here again.
   *
   * @returns after how many milliseconds to look again: pods could not be evicted, or a write waits
   */
  async #conclude(
    network: DpuNetwork,
    planned: PlannedNetwork | undefined,
    reports: readonly Reported[],
    nadFault: NadFault | undefined,
  ): Promise<number[]> {
    const refusals: string[] = [];
    const waits: number[] = [];
    if (planned) {
      if (network.spec.podsOnChange === 'Evict') refusals.push(...(await this.#evict(reports)));
      const { multusInstalled } = this.#caches;
      const status = networkStatus({ planned, reports, multusInstalled, nadFault, refusals });
      waits.push(...(await this.#write(network, status)));
    } else if (!isBeingDeleted(network)) {
      waits.push(...(await this.#write(network, offStatus(network))));
    } else if (reports.length > 0) {
      waits.push(...(await this.#write(network, deletingStatus(network, reports))));
    }
    if (reports.length === 0 || (isBeingDeleted(network) && !this.#isOn)) {
      await removeFinalizer(this.#store, dpuNetwork, network, finalizers.network).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
    if (refusals.length > 0) waits.push(lookAgainMs);
    return waits;
  }

  async #evict(reports: readonly Reported[]): Promise<string[]> {
    const refusals = reports.map(async ({ node, report }) =>
      report?.waiting ? await evictPods(this.#store, node, report.waiting.filter(isPodKey)) : [],
    );
    return (await Promise.all(refusals)).flat();
  }

  /** @returns where it waits with that, milliseconds */
  async #write(network: DpuNetwork, status: DpuNetworkStatus): Promise<number[]> {
    if (isDeepStrictEqual(status, network.status)) return [];
    const { apiVersion, kind, metadata } = network;
    const { name, uid = '' } = metadata;
    const waitMs = (this.#written.get(uid) ?? -countsEveryMs) + countsEveryMs - performance.now();
    if (waitMs > 0 && isDeepStrictEqual(withoutCounts(status), withoutCounts(network.status))) return [waitMs];
    this.#written.set(uid, performance.now());
    const body = { apiVersion, kind, metadata: { name, uid }, status };
    await this.#store.applyStatus(dpuNetwork, body, { fieldManager: fieldManagers.networks });
    for (const after of status.conditions ?? []) {
      const before = findCondition(network.status?.conditions, after.type);
      if (before?.status === after.status && before.reason === after.reason) continue;
      const isOrdinary =
        after.status === 'True' || ['Pending', 'Deleting', 'NotServed', 'DefaultBridge'].includes(after.reason);
      const { reason, message } = after;
      await this.#events.event(network, { type: isOrdinary ? 'Normal' : 'Warning', reason, message });
    }
    return [];
  }
}

/** What people and programs wait for: numbers may be late, and the words that they stand in. */
function withoutCounts({ devices: _, conditions = [], ...rest }: DpuNetworkStatus = {}): object {
  return { ...rest, conditions: conditions.map(({ message: __, ...condition }) => condition) };
}

/** A device may also wait for a kubelet that says nothing, in words. */
const isPodKey = (text: string): boolean => /^[a-z0-9-]+\/[a-z0-9.-]+$/.test(text);

/** What of a DPU counts for networks. */
function networkFields({ metadata, spec, status }: DataProcessingUnit) {
  const { isDpuSide, networks } = spec;
  const features = isDpuSide ? status?.vsp?.features : undefined;
  return [metadata.labels, metadata.deletionTimestamp, isDpuSide, networks, status?.networks, features];
}
