import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { type DpuNetwork, dpuNetwork } from '../../api/kinds/dpu-network.ts';
import { configName, finalizers } from '../../api/names/names.ts';
import {
  addFinalizer,
  Controller,
  type EventRecorder,
  isBeingDeleted,
  isNotFound,
  isRefused,
  type KubeStore,
  type Requeue,
  removeFinalizer,
} from '../../kube/index.ts';
import { evictPods } from '../dpu/evictions.ts';
import type { Caches } from '../shared/caches.ts';
import { inTurn } from '../shared/in-turn.ts';
import { gatherMs } from '../shared/pace.ts';
import { tokens } from '../shared/tokens.ts';
import { deletingStatus, networkStatus, offStatus } from './dpu-network-status.ts';
import { DpuNetworkStatusWriter } from './dpu-network-status-writer.ts';
import { DpuWishes } from './dpu-wishes.ts';
import { NetworkNads } from './network-nads.ts';
import type { NetworkTally } from './network-tally.ts';
import { NetworksPlan } from './plan.ts';

/** No event tells that a PodDisruptionBudget allows an eviction again, a policy a write, or that a NAD of a stranger has gone. */
const lookAgainMs = 10_000;

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
  readonly #nads: NetworkNads;
  readonly #wishes: DpuWishes;
  readonly #status: DpuNetworkStatusWriter;
  #plan: NetworksPlan | undefined;
  /** Names of networks of which there may be something new to say. */
  readonly #due = new Set<string>();
  /** By network: the server's words, where nobody may write its finalizer. */
  readonly #unheld = new Map<string, string>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#nads = new NetworkNads(store, caches);
    this.#wishes = new DpuWishes(store, caches);
    this.#status = new DpuNetworkStatusWriter(store, events);
    this.controller = new Controller({ name: 'dpu-network', logger, reconcile: () => this.reconcile() });
    this.#watch();
  }

  async reconcile(): Promise<Requeue | undefined> {
    const plan = this.#planned();
    for (const name of await this.#nads.apply(plan, this.#isOn)) this.#due.add(name);
    const untold = [...plan.untold];
    // It stands there before a DPU is told.
    await this.#hold(plan);
    for (const name of await this.#wishes.apply(untold, plan, this.#unheld)) this.#due.add(name);
    const refused = this.#nads.faults.size + this.#wishes.refusals.size + this.#unheld.size;
    const waits = refused > 0 ? [lookAgainMs] : [];
    await inTurn([...this.#due], async (name) => {
      // It is looked at anew.
      if (plan !== this.#plan) return;
      this.#due.delete(name);
      try {
        const again = await this.#conclude(name, plan);
        waits.push(...again);
        if (again.length > 0) this.#due.add(name);
      } catch (error) {
        this.#due.add(name);
        throw error;
      }
    });
    return waits.length > 0 ? { requeueAfterMs: Math.min(...waits) } : undefined;
  }

  /** A network whose finalizer is refused keeps no other from its own, and is tried again. */
  async #hold(plan: NetworksPlan): Promise<void> {
    for (const name of this.#unheld.keys()) this.#due.add(name);
    for (const name of this.#due) {
      const network = this.#caches.dpuNetworks.get(name);
      if (!network || plan.tally(name).dpus === 0) {
        this.#unheld.delete(name);
        continue;
      }
      try {
        await addFinalizer(this.#store, dpuNetwork, network, finalizers.network);
        this.#unheld.delete(name);
      } catch (error) {
        if (!isRefused(error)) throw error;
        this.#unheld.set(name, error.detail);
      }
    }
  }

  #watch(): void {
    const { dpuNetworks, networkNads, configs, dpus, nodes } = this.#caches;
    const look = () => this.controller.enqueue(all);
    const planAnew = () => {
      this.#plan = undefined;
      look();
    };
    dpuNetworks.onChange((network, previous, kind) => {
      const { name } = network.metadata;
      const isSame = kind === 'updated' && isDeepStrictEqual(planFields(network), previous && planFields(previous));
      if (kind === 'deleted') this.#status.forget(network);
      const { vlanId } = network.status ?? {};
      // What the plan chose itself comes back by the status.
      const isPlanned = vlanId === previous?.status?.vlanId || vlanId === this.#plan?.networks.get(name)?.vlanId;
      if (!isSame || !isPlanned) return planAnew();
      this.#due.add(name);
      look();
    });
    const applyNads = () => {
      this.#nads.changed();
      for (const { metadata } of dpuNetworks.list()) this.#due.add(metadata.name);
      look();
    };
    networkNads.onChange(applyNads);
    this.#caches.onMultus(applyNads);
    configs.onChange((config, previous, kind) => {
      if (kind !== 'updated' || isBeingDeleted(config) !== (previous && isBeingDeleted(previous))) planAnew();
    });
    // Many of a fleet say something at the same time.
    const concerned = (names: readonly string[]) => {
      for (const name of names) this.#due.add(name);
      if (names.length > 0 || (this.#plan?.untold.size ?? 0) > 0) this.controller.enqueueAfter(all, gatherMs);
    };
    dpus.onChange((dpu, previous, kind) => {
      if (!this.#plan) return;
      if (kind === 'deleted') return concerned(this.#plan.delete(dpu.metadata.name));
      if (!isDeepStrictEqual(networkFields(dpu), previous && networkFields(previous))) concerned(this.#put(dpu));
    });
    nodes.onChange((node, previous, kind) => {
      if (kind === 'updated' && isDeepStrictEqual(node.metadata.labels, previous?.metadata.labels)) return;
      concerned(this.#caches.dpusByNode.get(node.metadata.name).flatMap((dpu) => this.#put(dpu)));
    });
    // DPUs may have something that no network is there for any more.
    look();
  }

  /** Of the networks and DPUs as they are; made anew when a network has changed, else kept in step by each DPU. */
  #planned(): NetworksPlan {
    if (this.#plan) return this.#plan;
    const networks = this.#caches.dpuNetworks.list();
    this.#plan = new NetworksPlan(this.#isOn ? networks : []);
    for (const dpu of this.#caches.dpus.list()) this.#put(dpu);
    for (const { metadata } of networks) this.#due.add(metadata.name);
    this.#nads.changed();
    return this.#plan;
  }

  #put(dpu: DataProcessingUnit): string[] {
    return this.#plan?.put(dpu, this.#caches.nodeLabelsOf(dpu)) ?? [];
  }

  /** Without a DpuOperatorConfig, or with one that is to go, nothing is served and nothing is held up. */
  get #isOn(): boolean {
    const config = this.#caches.configs.getByKey(configName);
    return config !== undefined && !isBeingDeleted(config);
  }

  /**
   * What is known of it by now: what was just told to daemons is theirs to answer, and comes here again.
   *
   * @returns after how many milliseconds to look again: pods could not be evicted, or a write waits
   */
  async #conclude(name: string, plan: NetworksPlan): Promise<number[]> {
    const network = this.#caches.dpuNetworks.get(name);
    if (!network) return [];
    const planned = plan.networks.get(name);
    const refusals: string[] = [];
    const untold = [...this.#wishes.refusals].flatMap(([dpu, { message }]) =>
      plan.tally(name).has(dpu) ? `${dpu} (${message})` : [],
    );
    const waits: number[] = [];
    // Another plan is another look: until then it counts as held.
    const isHeld = () => plan !== this.#plan || plan.tally(name).holders.size > 0;
    if (planned) {
      if (network.spec.podsOnChange === 'Evict') refusals.push(...(await this.#evict(plan.tally(name))));
      const tally = plan.tally(name);
      const { multusInstalled } = this.#caches;
      const nadFault = this.#nads.faults.get(name);
      const unheld = this.#unheld.get(name);
      const status = networkStatus({ network, planned, tally, multusInstalled, nadFault, refusals, untold, unheld });
      waits.push(...(await this.#status.write(network, status)));
    } else if (!isBeingDeleted(network)) {
      waits.push(...(await this.#status.write(network, offStatus(network))));
    } else if (isHeld()) {
      waits.push(...(await this.#status.write(network, deletingStatus(network, plan.tally(name), untold))));
    }
    if (!isHeld() || (isBeingDeleted(network) && !this.#isOn)) {
      await removeFinalizer(this.#store, dpuNetwork, network, finalizers.network).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    }
    if (refusals.length > 0) waits.push(lookAgainMs);
    return waits;
  }

  async #evict({ notable }: Readonly<NetworkTally>): Promise<string[]> {
    const refusals = [...notable.values()].map(async ({ node, report }) =>
      report?.waiting ? await evictPods(this.#store, node, report.waiting.filter(isPodKey)) : [],
    );
    return (await Promise.all(refusals)).flat();
  }
}

/** A device may also wait for a kubelet that says nothing, in words. */
const isPodKey = (text: string): boolean => /^[a-z0-9-]+\/[a-z0-9.-]+$/.test(text);

/** What of a network the plan is made of, but for the VLAN that was chosen. */
function planFields({ metadata, spec }: DpuNetwork) {
  return [metadata.uid, metadata.creationTimestamp, metadata.deletionTimestamp, spec];
}

/** What of a DPU counts for networks. */
function networkFields({ metadata, spec, status }: DataProcessingUnit) {
  const { isDpuSide, networks } = spec;
  const features = isDpuSide ? status?.vsp?.features : undefined;
  return [metadata.labels, metadata.deletionTimestamp, isDpuSide, networks, status?.networks, features];
}
