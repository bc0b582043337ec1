import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { findCondition } from '../../api/fields/conditions.ts';
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { type ServiceFunctionChain, serviceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { daemonLeaseName } from '../../api/names/daemon-lease.ts';
import {
  Controller,
  controllerName,
  type EventRecorder,
  isBeingDeleted,
  type KubeStore,
  keyOf,
  objectKey,
  type Pod,
  type Requeue,
} from '../../kube/index.ts';
import type { DaemonLeases } from '../daemons/daemon-leases.ts';
import type { Caches } from '../shared/caches.ts';
import { Elapsed } from '../shared/elapsed.ts';
import type { Environment } from '../shared/environment.ts';
import { gatherMs } from '../shared/pace.ts';
import { tokens } from '../shared/tokens.ts';
import { bridgeFacts, type ChainNetwork, chainNetwork } from './chain-network.ts';
import { ChainPods } from './chain-pods.ts';
import { ChainSites, uidOf } from './chain-sites.ts';
import { ChainStatusWriter } from './chain-status.ts';
import { type ChainCondition, chainCondition, type DpuReport, isCurrent, weightiest } from './condition.ts';
import type { DpuNode, NodeObject, Site } from './nodes.ts';
import { place } from './placement.ts';
import { planPods } from './plan.ts';
import { dpuKeptFree, namespaceRefusal, networkMissing } from './refusals.ts';
import { SlowStarts } from './slow-starts.ts';

/**
 * Milliseconds until a pod that was refused, or whose name somebody else has, is tried again: neither is watched. Soon
 * after the first time, since admission may not have seen yet what has just been allowed.
 */
const refusedRetryMs = { first: 2_000, later: 30_000 };

/** Places every ServiceFunctionChain on one node and keeps its pods there; that node's daemon wires them. */
@injectable()
export class ChainController {
  readonly controller: Controller;
  readonly #caches: Caches;
  readonly #namespace: string;
  readonly #leases: DaemonLeases;
  readonly #pods: ChainPods;
  readonly #status: ChainStatusWriter;
  readonly #slow = new SlowStarts();
  readonly #sites: ChainSites;
  readonly #elapsed = new Elapsed();
  /** Keys of chains that are on no node, or of which it is not known whether they may stay there. */
  readonly #undecided = new Set<string>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) { namespace }: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
    @inject(tokens.daemonLeases) leases: DaemonLeases,
  ) {
    this.#caches = caches;
    this.#namespace = namespace;
    this.#leases = leases;
    this.#pods = new ChainPods(store, logger);
    this.#status = new ChainStatusWriter(store, events);
    this.#sites = new ChainSites(caches);
    // One at a time: where one chain goes depends on where the others are.
    const concurrency = 1;
    this.controller = new Controller({ name: 'chain', logger, concurrency, reconcile: (key) => this.reconcile(key) });
    this.#watch();
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    const chain = this.#caches.chains.getByKey(key);
    if (!chain || isBeingDeleted(chain)) {
      this.#elapsed.forget(key);
      return undefined;
    }
    this.#undecided.add(key);
    const pods = this.#sites.podsOf(chain);
    const current = this.#sites.of(chain);
    const refusal = namespaceRefusal(chain, this.#config, this.#namespace);
    if (refusal) return await this.#report(chain, current, chain.status?.functions, refusal);
    const network = chainNetwork(chain, (name) => this.#caches.dpuNetworks.get(name));
    if (!network.on) return await this.#report(chain, current, chain.status?.functions, network.fault);
    const placement = place({
      chain,
      nodeNames: this.#caches.dpuSidesByNode.keys,
      dpuNodeOf: this.#dpuNodeOf,
      current,
      nodeOf: this.#nodeOf,
      chainsOn: (node) => this.#sites.othersOn(node, chain),
    });
    if (placement.is === 'held') {
      const held: ChainCondition = {
        status: 'Unknown',
        reason: placement.reason,
        message: placement.message,
        failing: true,
      };
      return await this.#report(chain, current, chain.status?.functions, held);
    }
    if (placement.is === 'awaited') {
      const awaited: ChainCondition = { status: 'False', reason: 'Pending', message: placement.message };
      return await this.#report(chain, current, chain.status?.functions, awaited);
    }
    if (placement.is === 'nowhere') {
      this.#sites.place(chain, undefined);
      await this.#pods.delete(chain, this.#planPods(chain, pods, undefined, false).remove);
      const nowhere: ChainCondition = {
        status: 'False',
        reason: 'NoNode',
        message: placement.message,
        failing: true,
      };
      return await this.#report(chain, undefined, undefined, nowhere);
    }
    const site: Site = { node: placement.node, nodeUid: this.#nodeOf(placement.node)?.uid };
    this.#sites.place(chain, site);
    this.#undecided.delete(key);
    return await this.#run(chain, pods, site, network);
  }

  #planPods(chain: ServiceFunctionChain, pods: readonly Pod[], node: string | undefined, orderPending: boolean) {
    const ageMs = ({ metadata }: Pod) => this.#elapsed.since(keyOf(chain), metadata.name, metadata.creationTimestamp);
    return planPods({ chain, pods, ageMs, node, orderPending });
  }

  async #run(
    chain: ServiceFunctionChain,
    pods: Pod[],
    site: Site,
    { on, fault }: ChainNetwork,
  ): Promise<Requeue | undefined> {
    const { node } = site;
    const report = this.#reportOf(chain, node);
    const orderPending = report !== undefined && !isCurrent(chain, report);
    const plan = this.#planPods(chain, pods, node, orderPending);
    await this.#pods.delete(chain, plan.remove);
    const created: Pod[] = [];
    let refusal = plan.create.length > 0 ? this.#obstacle(chain, node) : undefined;
    for (const wanted of refusal ? [] : plan.create) {
      const made = await this.#pods.create(chain, wanted);
      // The cache is behind; its event brings the chain here again.
      if (made === 'own') return undefined;
      if ('reason' in made) {
        refusal = made;
        break;
      }
      created.push(made);
    }
    const functions = functionsOf(chain, [...plan.serving, ...created]);
    const removed = new Set(plan.remove.map(({ metadata }) => metadata.uid));
    const present = [...pods.filter(({ metadata }) => !removed.has(metadata.uid)), ...created];
    const known = report && isCurrent(chain, report) ? report : undefined;
    const condition = refusal ?? fault ?? chainCondition(chain, present, node, known);
    const requeue = await this.#report(chain, site, functions, condition, on);
    if (refusal?.failing) return { requeueAfterMs: retryMs(chain, refusal) };
    return plan.waitMs === undefined ? requeue : { requeueAfterMs: plan.waitMs };
  }

  /** Why no pod is to be made now. */
  #obstacle(chain: ServiceFunctionChain, node: string): ChainCondition | undefined {
    return dpuKeptFree(this.#dpuSidesOf(node)) ?? networkMissing(chain, this.#caches);
  }

  /** @param condition undefined leaves what was said, as for `on` */
  async #report(
    chain: ServiceFunctionChain,
    site: Site | undefined,
    functions: { name: string; podUid: string }[] | undefined,
    condition: ChainCondition | undefined,
    on?: ChainNetwork['on'],
  ): Promise<Requeue | undefined> {
    const { warn, againMs } = condition ? this.#slow.see(uidOf(chain), condition) : { warn: false };
    await this.#status.write(chain, { site, functions, condition, on }, warn);
    return againMs === undefined ? undefined : { requeueAfterMs: againMs };
  }

  get #config() {
    return this.#caches.configs.list()[0];
  }

  readonly #nodeOf = (name: string): NodeObject | undefined => {
    const node = this.#caches.nodes.get(name);
    return node && { uid: node.metadata.uid, labels: node.metadata.labels ?? {} };
  };

  readonly #dpuNodeOf = (name: string): DpuNode | undefined => {
    const dpus = this.#dpuSidesOf(name);
    if (dpus.length === 0) return undefined;
    return { name, node: this.#nodeOf(name), daemon: this.#leases.seenState(daemonLeaseName(name)), dpus };
  };

  #dpuSidesOf(nodeName: string): DataProcessingUnit[] {
    return this.#caches.dpuSidesByNode.get(nodeName);
  }

  #reportOf(chain: ServiceFunctionChain, node: string): DpuReport | undefined {
    const reports = this.#dpuSidesOf(node).flatMap(({ metadata, status }) => {
      const own = status?.chains?.find(({ name }) => name === keyOf(chain));
      return own ? [{ ...own, dpuName: metadata.name }] : [];
    });
    return weightiest(reports);
  }

  #watch(): void {
    const { chains, chainPods, dpus, nodes, configs, networks, dpuNetworks } = this.#caches;
    const all = () => {
      for (const chain of chains.list()) this.controller.enqueue(keyOf(chain));
    };
    chains.onChange((chain, _, kind) => {
      if (kind === 'deleted') this.#forget(chain);
      else this.#sites.look(keyOf(chain));
      this.controller.enqueue(keyOf(chain));
    });
    chainPods.onChange((pod) => {
      const owner = controllerName(pod, serviceFunctionChain.kind);
      if (!owner) return;
      const key = objectKey(owner, pod.metadata.namespace);
      this.#sites.look(key);
      this.controller.enqueue(key);
    });
    dpus.onChange((dpu, previous, kind) => {
      if (!dpu.spec.isDpuSide) return;
      for (const name of newReports(dpu, previous)) this.controller.enqueue(name);
      const isSame = kind === 'updated' && isDeepStrictEqual(hostingFacts(dpu), previous && hostingFacts(previous));
      if (!isSame) this.#nodeChanged(dpu.spec.nodeName);
    });
    nodes.onChange((node, previous, kind) => {
      const isSame = kind === 'updated' && node.metadata.uid === previous?.metadata.uid && sameLabels(node, previous);
      if (!isSame) this.#nodeChanged(node.metadata.name);
    });
    configs.onChange((config, previous, kind) => {
      const isSame = isDeepStrictEqual(config.spec.chainNamespaces, previous?.spec.chainNamespaces);
      if (kind !== 'updated' || !isSame) all();
    });
    for (const network of networks) network.onChange(all);
    dpuNetworks.onChange((network, previous, kind) => {
      if (kind === 'updated' && isDeepStrictEqual(bridgeFacts(network), previous && bridgeFacts(previous))) return;
      for (const chain of chains.list()) {
        if (chain.spec.network === network.metadata.name) this.controller.enqueue(keyOf(chain));
      }
    });
    this.#caches.onMultus(all);
    const ofDaemon = (leaseName: string) => {
      const names = this.#caches.dpusByLease.get(leaseName).map(({ spec }) => spec.nodeName);
      for (const name of new Set(names)) this.#nodeChanged(name);
    };
    this.#leases.on('quiet', ofDaemon);
    this.#leases.on('heard', ofDaemon);
  }

  /** Whether a node may run chains: it concerns those that it has, and, a moment later, those that wait for a node. */
  #nodeChanged(nodeName: string): void {
    for (const key of this.#sites.on(nodeName)) this.controller.enqueue(key);
    for (const key of this.#undecided) this.controller.enqueueAfter(key, gatherMs);
  }

  #forget(chain: ServiceFunctionChain): void {
    this.#sites.forget(chain);
    this.#undecided.delete(keyOf(chain));
    this.#slow.forget(uidOf(chain));
  }
}

/** The chains whose report by a DPU has changed, by name. */
function newReports(dpu: DataProcessingUnit, previous: DataProcessingUnit | undefined): string[] {
  const [now = [], before = []] = [dpu.status?.chains, previous?.status?.chains];
  const changed = now.filter((one) => {
    const other = before.find(({ name }) => name === one.name);
    return !isDeepStrictEqual(one, other);
  });
  const gone = before.filter(({ name }) => !now.some((one) => one.name === name));
  return [...changed, ...gone].map(({ name }) => name);
}

/** All of a DPU side that decides whether its node may run chains. */
function hostingFacts({ metadata, spec, status }: DataProcessingUnit) {
  const { phase, drain } = status?.rollout ?? {};
  return [metadata.uid, metadata.deletionTimestamp, spec.nodeName, status?.hosts, phase, drain];
}

function retryMs({ status }: ServiceFunctionChain, { reason }: ChainCondition): number {
  const before = findCondition(status?.conditions, 'Ready');
  return before?.reason === reason ? refusedRetryMs.later : refusedRetryMs.first;
}

function functionsOf({ spec }: ServiceFunctionChain, pods: readonly Pod[]): { name: string; podUid: string }[] {
  return spec.networkFunctions.flatMap(({ name }) => {
    const podUid = pods.find(({ metadata }) => metadata.name === name)?.metadata.uid;
    return podUid === undefined ? [] : [{ name, podUid }];
  });
}

interface Labelled {
  metadata: { labels?: Record<string, string> | undefined };
}

function sameLabels(one: Labelled, other: Labelled | undefined): boolean {
  const text = ({ metadata }: Labelled) => JSON.stringify(Object.entries(metadata.labels ?? {}).sort());
  return other !== undefined && text(one) === text(other);
}
