/** The DataProcessingUnit objects of this node, as they are written to the API server. */
import { isDeepStrictEqual } from 'node:util';
import type { CardEvent } from '@dpu-operator/sdk';
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import {
  annotations,
  type CardReport,
  type ChainReport,
  type ChannelStatus,
  type Condition,
  type ConditionInput,
  type DaemonStatusFields,
  type DataProcessingUnit,
  type Drain,
  daemonFields,
  dataProcessingUnit,
  dpuConditions,
  fieldManagers,
  finalizers,
  findCondition,
  labels,
  labelValue,
  type NetworkReport,
  setCondition,
  type VspIdentity,
} from '../../../api/index.ts';
import {
  type Applied,
  type EventRecorder,
  isConflict,
  isNotFound,
  type KubeStore,
  StartingEvents,
} from '../../../kube/index.ts';
import type { KnownDpu } from '../../detect/known-dpu.ts';
import type { ServedDpu } from '../../detect/served-dpu.ts';
import { transitions } from './card-report.ts';
import { WriteLimit } from './write-limit.ts';

/** What of a DPU's status is the daemon's. */
export interface DaemonStatus {
  /** Undefined leaves the condition as it is. */
  ready: ConditionInput | undefined;
  /** Conditions that are there only while they are said. */
  others: readonly ConditionInput[];
  vsp: VspIdentity | undefined;
  /** What the plugin says of the card. */
  card: CardReport | undefined;
  channel: ChannelStatus | undefined;
  drain: Drain | undefined;
  /** The chains that a DPU side has. */
  chains: ChainReport[] | undefined;
  /** The DpuNetworks that have devices of it; undefined until its devices are known. */
  networks: NetworkReport[] | undefined;
  /** Hosts that have ports on a DPU side which is being deleted. */
  hosts: string[] | undefined;
}

const ownConditions: ReadonlySet<string> = new Set(daemonFields.conditions);

/** A VSP and a certificate take a moment, and the daemon of the other side may start later than this one. */
const ordinaryAtStart: ReadonlySet<string> = new Set([
  'VspNotRunning',
  'NoCertificate',
  'TrustUnknown',
  'PeerUnreachable',
  'PeerNotReady',
  'HostsAway',
]);

export interface DpuObjectsOptions {
  store: KubeStore;
  events: EventRecorder;
  nodeName: string;
  /**
   * How often a DPU's conditions are written where only their messages change: a plugin may have another reason for a
   * device with every report. Default: 10 at once, then one every 10 s.
   */
  messageLimit?: (() => WriteLimit) | undefined;
}

export class DpuObjects {
  readonly #options: DpuObjectsOptions;
  readonly #events: StartingEvents;
  /** By DPU. */
  readonly #messageLimits = new Map<string, WriteLimit>();

  constructor(options: DpuObjectsOptions) {
    this.#options = options;
    this.#events = new StartingEvents({ events: options.events, ordinary: ordinaryAtStart });
  }

  /** Makes the object, or takes over one of this node. @returns another node's object that has the name. */
  async ensure(dpu: ServedDpu): Promise<DataProcessingUnit | undefined> {
    const object = this.#render(dpu);
    try {
      await this.#options.store.create(dataProcessingUnit, object);
      return undefined;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const taken = await this.#options.store.get(dataProcessingUnit, dpu.name);
    if (taken && taken.spec.nodeName !== this.#options.nodeName) return taken;
    await this.#options.store.apply(dataProcessingUnit, object, { fieldManager: fieldManagers.daemon });
    return undefined;
  }

  /** Whether an object says what was detected and has this daemon's finalizer. */
  isAsDetected(object: DataProcessingUnit, dpu: ServedDpu): boolean {
    const { metadata, spec } = object;
    return (
      Object.entries(this.#labelsOf(dpu)).every(([label, value]) => metadata.labels?.[label] === value) &&
      metadata.annotations?.[annotations.plugin] === dpu.plugin &&
      metadata.annotations?.[annotations.identifier] === dpu.identifier &&
      (dpu.functions === undefined || metadata.annotations?.[annotations.pciAddress] === dpu.functions[0]?.address) &&
      (dpu.nodeUid === undefined || metadata.annotations?.[annotations.nodeUid] === dpu.nodeUid) &&
      (metadata.finalizers ?? []).includes(finalizers.daemon) &&
      spec.dpuProductName === dpu.productName &&
      spec.isDpuSide === (dpu.side === 'dpu')
    );
  }

  async correct(dpu: ServedDpu): Promise<void> {
    await this.#options.store.apply(dataProcessingUnit, this.#render(dpu), { fieldManager: fieldManagers.daemon });
  }

  /**
   * Writes what differs from what the object says, and an event for each condition whose status or reason does.
   *
   * @returns 0, or the milliseconds after which it is to be called again: only messages differ, and they wait for their turn
   */
  async writeStatus(
    object: DataProcessingUnit,
    { ready, others, vsp, card, channel, drain, chains = [], networks: told, hosts }: DaemonStatus,
  ): Promise<number> {
    const before = (object.status?.conditions ?? []).filter(({ type }) => ownConditions.has(type));
    const said = [ready ?? findCondition(before, dpuConditions.ready), ...others].filter((one) => one !== undefined);
    const after = said.flatMap((one) => findCondition(setCondition(before, one), one.type) ?? []);
    const changed = after.filter((one) => !before.includes(one));
    const current = object.status ?? {};
    const { name } = object.metadata;
    const networks = told ?? current.networks ?? [];
    const isSameWork =
      isDeepStrictEqual(chains, current.chains ?? []) &&
      isDeepStrictEqual(networks, current.networks ?? []) &&
      isDeepStrictEqual(hosts, current.hosts);
    const isSameRun = same(vsp, current.vsp) && same(drain, current.drain) && isDeepStrictEqual(card, current.card);
    if (after.length === before.length && isSameWork && isSameRun && same(channel, current.channel)) {
      if (changed.length === 0) return 0;
      const onlyMessagesDiffer = changed.every((one) => differsInMessage(one, findCondition(before, one.type)));
      const waitMs = onlyMessagesDiffer ? this.#messageLimit(name).take() : 0;
      if (waitMs > 0) return waitMs;
    }
    const { apiVersion, kind } = dataProcessingUnit;
    try {
      // All at once: what an apply leaves out goes. JSON leaves out what is undefined.
      const status: DaemonStatusFields & { conditions: Condition[] } = {
        conditions: after,
        vsp,
        card,
        channel,
        drain,
        chains: chains.length > 0 ? chains : undefined,
        networks: networks.length > 0 ? networks : undefined,
        hosts,
      };
      const body: Applied = { apiVersion, kind, metadata: { name }, status };
      await this.#options.store.applyStatus(dataProcessingUnit, body, { fieldManager: fieldManagers.daemon });
    } catch (error) {
      if (isNotFound(error)) return 0;
      throw error;
    }
    for (const one of changed) await this.#recordEvent(object, one, findCondition(before, one.type));
    const ofCard = transitions(current.card?.conditions, card?.conditions);
    await this.recordCardEvents(
      object,
      ofCard.map(({ type, status, reason, message }) => ({
        type: status === 'True' ? 'Normal' : 'Warning',
        reason,
        message: `${type} is ${status}: ${message}`,
      })),
    );
    return 0;
  }

  /** Events in the plugin's words. */
  async recordCardEvents(object: DataProcessingUnit, events: readonly CardEvent[]): Promise<void> {
    for (const { type = 'Normal', reason, message } of events) {
      await this.#events.event(object, { type, reason, message: `plugin: ${message}`, action: `plugin.${reason}` });
    }
  }

  /** Of an object that is torn down no event follows. */
  forget(object: DataProcessingUnit): void {
    this.#events.forget(object);
    this.#messageLimits.delete(object.metadata.name);
  }

  #messageLimit(name: string): WriteLimit {
    const known = this.#messageLimits.get(name);
    if (known) return known;
    const limit = this.#options.messageLimit?.() ?? new WriteLimit({ atOnce: 10, intervalMs: 10_000 });
    this.#messageLimits.set(name, limit);
    return limit;
  }

  async #recordEvent(object: DataProcessingUnit, now: Condition, before: Condition | undefined): Promise<void> {
    if (before?.status === now.status && before.reason === now.reason) return;
    const { reason, message } = now;
    const works = now.status === 'True' && reason !== 'RenewalRefused';
    const ordinary = works || reason === 'Resizing';
    const type = ordinary ? 'Normal' : 'Warning';
    await this.#events.event(object, { type, reason, message, action: now.type });
  }

  /** By which people and DataProcessingUnitConfigs select it. */
  #labelsOf({ side, productName, plugin }: ServedDpu): Record<string, string> {
    return {
      [labels.node]: labelValue(this.#options.nodeName),
      [labels.side]: side,
      [labels.product]: labelValue(productName),
      [labels.vendor]: labelValue(plugin),
    };
  }

  #render(dpu: ServedDpu): Applied {
    const { name, side, plugin, productName, identifier, functions, nodeUid } = dpu;
    const pciAddress = functions?.[0]?.address;
    const { apiVersion, kind } = dataProcessingUnit;
    return {
      apiVersion,
      kind,
      metadata: {
        name,
        labels: this.#labelsOf(dpu),
        annotations: {
          [annotations.plugin]: plugin,
          [annotations.identifier]: identifier,
          ...(pciAddress !== undefined && { [annotations.pciAddress]: pciAddress }),
          ...(nodeUid !== undefined && { [annotations.nodeUid]: nodeUid }),
        },
        finalizers: [finalizers.daemon],
      },
      spec: { dpuProductName: productName, isDpuSide: side === 'dpu', nodeName: this.#options.nodeName },
    };
  }
}

/** What an object says of its DPU, where no record does: after a reboot. */
export function knownByObject({ metadata, spec }: DataProcessingUnit): KnownDpu {
  return {
    name: metadata.name,
    side: spec.isDpuSide ? 'dpu' : 'host',
    productName: spec.dpuProductName ?? '',
    plugin: metadata.annotations?.[annotations.plugin] ?? '',
    identifier: metadata.annotations?.[annotations.identifier],
    nodeUid: metadata.annotations?.[annotations.nodeUid],
  };
}

function differsInMessage(now: Condition, before: Condition | undefined): boolean {
  return (
    now.status === before?.status &&
    now.reason === before.reason &&
    now.observedGeneration === before.observedGeneration
  );
}

function same(a: object | undefined, b: object | undefined): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: object | undefined): unknown {
  return value && Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Value of the node's label; a node that is both is a DPU to those who look for one. */
export function nodeSideLabel(sides: ReadonlySet<DpuSide>): 'dpu' | 'dpu-host' | undefined {
  if (sides.has('dpu')) return 'dpu';
  return sides.has('host') ? 'dpu-host' : undefined;
}
