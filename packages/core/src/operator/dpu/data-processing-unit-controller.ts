import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { type DataProcessingUnit, dataProcessingUnit, dpuConditions } from '../../api/kinds/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../../api/kinds/data-processing-unit-config.ts';
import { daemonLeaseName } from '../../api/names/daemon-lease.ts';
import { fieldManagers, finalizers, labels } from '../../api/names/names.ts';
import { vspPodName } from '../../api/names/paths.ts';
import {
  Controller,
  controllerName,
  type EventRecorder,
  isBeingDeleted,
  type KubeStore,
  keyOf,
  node,
  pod,
  type Requeue,
  removeFinalizer,
} from '../../kube/index.ts';
import type { DaemonLeases } from '../daemons/daemon-leases.ts';
import type { Caches } from '../shared/caches.ts';
import { canonicalJson } from '../shared/canonical-json.ts';
import { Elapsed } from '../shared/elapsed.ts';
import type { Environment } from '../shared/environment.ts';
import { faultCondition } from '../shared/own-faults.ts';
import { tokens } from '../shared/tokens.ts';
import { isSameOffer } from '../vendor-plugins/same-offer.ts';
import { DpuReporter } from './dpu-reporter.ts';
import { DpuStatusWriter } from './dpu-status.ts';
import { evictPods } from './evictions.ts';
import { installPodName, renderInstallPod } from './install/install-pod.ts';
import { createPod, PodRefusal } from './pod/create-pod.ts';
import { ownPod } from './pod/own-pod.ts';
import { renderVspPod } from './pod/vsp-pod.ts';
import { obeyVspRestart } from './pod/vsp-restart.ts';
import type { Turns } from './rollout/fleet/turns.ts';
import { UnplacedPods } from './rollout/fleet/unplaced-pods.ts';
import { observeDpu } from './rollout/observe.ts';
import type { Action, ObservedState } from './rollout/observed-state.ts';
import { planRollout } from './rollout/plan.ts';
import type { RolloutStatus } from './rollout/rollout-status.ts';
import { type Refusals, unreadRollout } from './selection/configured.ts';
import { type Choice, choose } from './selection/plugin-choice.ts';

/** Gives every DataProcessingUnit the VSP pod of the plugin, version and settings that are asked for. */
@injectable()
export class DataProcessingUnitController {
  readonly controller: Controller;
  readonly #store: KubeStore;
  readonly #caches: Caches;
  readonly #environment: Environment;
  readonly #status: DpuStatusWriter;
  readonly #reporter: DpuReporter;
  readonly #leases: DaemonLeases;
  readonly #turns: Turns;
  readonly #unplaced: UnplacedPods;
  /** When the VSP of each DPU started. */
  readonly #elapsed = new Elapsed();
  /** By DPU: what was written into its spec, until the cache has that. */
  readonly #applied = new Map<string, object>();

  constructor(
    @inject(tokens.store) store: KubeStore,
    @inject(tokens.caches) caches: Caches,
    @inject(tokens.environment) environment: Environment,
    @inject(tokens.events) events: EventRecorder,
    @inject(tokens.logger) logger: Logger,
    @inject(tokens.daemonLeases) leases: DaemonLeases,
    @inject(tokens.turns) turns: Turns,
  ) {
    this.#store = store;
    this.#caches = caches;
    this.#environment = environment;
    this.#status = new DpuStatusWriter(store);
    this.#reporter = new DpuReporter({ store, events, status: this.#status, caches, environment });
    this.#leases = leases;
    this.#turns = turns;
    this.#unplaced = new UnplacedPods({ store, logger, onLook: (pods) => turns.unplacedAre(pods) });
    this.controller = new Controller({
      name: 'data-processing-unit',
      logger,
      reconcile: (key) => this.reconcile(key),
      // It waits for the API server most of the time.
      concurrency: 8,
    });
    const enqueue = (dpus: readonly DataProcessingUnit[]) => {
      for (const dpu of dpus) this.controller.enqueue(keyOf(dpu));
    };
    const enqueueAll = () => enqueue(caches.dpus.list());
    caches.dpus.onChange((dpu) => this.controller.enqueue(keyOf(dpu)));
    const enqueueSelected = (config: DataProcessingUnitConfig) => enqueue(caches.selectedBy(config));
    caches.dpuConfigs.onChange((config, previous, kind) => {
      if (kind === 'updated' && isDeepStrictEqual(config.spec, previous?.spec)) return;
      enqueueSelected(config);
      if (previous) enqueueSelected(previous);
    });
    caches.vendorPlugins.onChange((plugin, previous, kind) => {
      if (kind !== 'updated' || !previous || !isSameOffer(plugin, previous)) enqueueAll();
    });
    caches.configs.onChange((config, previous) => {
      const [now, before] = [config, previous].map((one) => one?.spec.plugins?.imageMirrors);
      if (!isDeepStrictEqual(now, before)) enqueueAll();
    });
    caches.onNodeAddress((configs) => {
      for (const config of configs) enqueueSelected(config);
    });
    caches.onNodeOfDpus(enqueue);
    leases.on('quiet', (leaseName) => enqueue(caches.dpusByLease.get(leaseName)));
    turns.on('turn', (name) => this.controller.enqueue(name));
    caches.vspPods.onChange((pod) => {
      // One that is no DPU's may have the name that a DPU's needs.
      const name = controllerName(pod, dataProcessingUnit.kind) ?? pod.metadata.labels?.[labels.dpuName];
      if (name) this.controller.enqueue(name);
    });
  }

  async reconcile(key: string): Promise<Requeue | undefined> {
    await this.#caches.addressesListed();
    try {
      return await this.#reconcile(key);
    } catch (error) {
      const fault = faultCondition(dpuConditions.configured, error);
      const dpu = this.#caches.dpus.getByKey(key);
      if (fault && dpu) await this.#reporter.fault(dpu, fault);
      throw error;
    } finally {
      this.#turns.looked(key);
    }
  }

  async #reconcile(key: string): Promise<Requeue | undefined> {
    const dpu = this.#caches.dpus.getByKey(key);
    if (!dpu) {
      this.#elapsed.forget(key);
      this.#applied.delete(key);
      return undefined;
    }
    if (!(await this.#nodeIsAbsent(dpu))) {
      const unread = unreadRollout(dpu);
      if (!unread) return await this.#serve(dpu);
      await this.#reporter.fault(dpu, unread);
      return undefined;
    }
    // A Node object that is away for a moment is no order. Its daemon, which works, goes on; its Lease tells when not.
    const daemon = await this.#leases.state(daemonLeaseName(dpu.spec.nodeName));
    if (daemon === 'absent' || daemon === 'silent') await this.#release(dpu);
    return undefined;
  }

  async #nodeIsAbsent(dpu: DataProcessingUnit): Promise<boolean> {
    const { nodeName } = dpu.spec;
    return !this.#caches.nodes.get(nodeName) && (await this.#store.get(node, nodeName)) === undefined;
  }

  /** There is no daemon any more that could tear the DPU down. */
  async #release(dpu: DataProcessingUnit): Promise<void> {
    const { name, uid } = dpu.metadata;
    if (isBeingDeleted(dpu)) await removeFinalizer(this.#store, dataProcessingUnit, dpu, finalizers.daemon);
    else await this.#store.delete(dataProcessingUnit, name, undefined, { uid });
  }

  async #serve(cached: DataProcessingUnit): Promise<Requeue | undefined> {
    const choice = choose(cached, this.#caches.configsFor(cached), this.#environment.vspImage, this.#caches);
    this.#turns.asks(cached.metadata.name, choice);
    const pending = this.#pendingSpec(cached, choice);
    // The daemon answers to another spec at once. Where nothing but the condition is to be written, its write would meet that.
    const isLast = pending !== undefined && this.#isSettled(cached, choice);
    const recorded = pending && !isLast ? await this.#applySpec(cached, pending) : cached;
    if (await obeyVspRestart(this.#store, recorded, this.#environment.namespace))
      await this.#reporter.restarted(recorded);
    const advanced = await this.#advance(recorded, choice);
    if (!advanced) return undefined;
    const { dpu, observed, actions, requeueAfterMs } = advanced;
    const refusals: Refusals = { evictions: [] };
    for (const action of actions) await this.#try(dpu, action, refusals);
    await this.#reporter.conditions(dpu, choice, observed, refusals);
    if (isLast) await this.#applySpec(cached, pending);
    const refused = refusals.vspPod ?? refusals.installPod;
    if (refused) throw refused;
    return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
  }

  /** @returns undefined where the spec says what the daemon is to do, or was written and is on its way to the cache */
  #pendingSpec(dpu: DataProcessingUnit, choice: Choice): object | undefined {
    const { name } = dpu.metadata;
    const wanted = daemonSpec(dpu, choice);
    if (canonicalJson(recordedSpec(dpu)) === canonicalJson(wanted)) {
      this.#applied.delete(name);
      return undefined;
    }
    return isDeepStrictEqual(this.#applied.get(name), appliedTo(dpu, wanted)) ? undefined : wanted;
  }

  /** @returns the DPU afterwards */
  async #applySpec(dpu: DataProcessingUnit, spec: object): Promise<DataProcessingUnit> {
    const { apiVersion, kind } = dpu;
    const { name, uid } = dpu.metadata;
    const patch = {
      apiVersion,
      kind,
      // Without the uid the apply would bring back a DPU that was deleted meanwhile.
      metadata: { name, uid },
      spec,
    };
    const after = await this.#store.apply(dataProcessingUnit, patch, { fieldManager: fieldManagers.operator });
    this.#applied.set(name, appliedTo(dpu, spec));
    return after;
  }

  /** Whether it runs what it is to run, in a pod that is as it is to be. */
  #isSettled(dpu: DataProcessingUnit, choice: Choice): boolean {
    const observed = this.#observe(dpu, choice);
    const { status, actions } = planRollout(observed);
    return status === observed.status && actions.length === 0;
  }

  /** Writes every step of the plan before the next is taken. @returns undefined when the DPU is gone. */
  async #advance(cached: DataProcessingUnit, choice: Choice) {
    let dpu = cached;
    let isFresh = false;
    while (true) {
      const observed = this.#observe(dpu, choice);
      const { status, actions, requeueAfterMs } = planRollout(observed);
      if (status === observed.status && (actions.length === 0 || isFresh))
        return { dpu, observed, actions, requeueAfterMs };
      if (isFresh && status !== observed.status) {
        dpu = await this.#writeRollout(dpu, status);
        await this.#reporter.rolledOut(dpu, observed, choice);
        continue;
      }
      // The cache may be a step behind what this operator has written itself.
      const fresh = await this.#store.get(dataProcessingUnit, dpu.metadata.name);
      if (!fresh || fresh.metadata.uid !== dpu.metadata.uid) return undefined;
      isFresh = true;
      dpu = fresh;
    }
  }

  #observe(dpu: DataProcessingUnit, { wanted }: Choice): ObservedState {
    return observeDpu(dpu, wanted, this.#caches, this.#environment, this.#turns, this.#leases, this.#elapsed);
  }

  async #writeRollout(dpu: DataProcessingUnit, status: RolloutStatus): Promise<DataProcessingUnit> {
    const { name } = dpu.metadata;
    this.#turns.writes(name, status);
    try {
      return await this.#status.writeRollout(dpu, status);
    } catch (error) {
      this.#turns.forget(name);
      throw error;
    }
  }

  /** A pod that is refused keeps nothing else from being done. */
  async #try(dpu: DataProcessingUnit, action: Action, refusals: Refusals): Promise<void> {
    try {
      refusals.evictions.push(...(await this.#act(dpu, action)));
    } catch (error) {
      if (!(error instanceof PodRefusal)) throw error;
      if (action.do === 'createInstallPod') refusals.installPod = error;
      else refusals.vspPod = error;
    }
  }

  /** @returns why pods could not be evicted. */
  async #act(dpu: DataProcessingUnit, action: Action): Promise<string[]> {
    const { name } = dpu.metadata;
    switch (action.do) {
      case 'createVspPod':
        await createPod(this.#store, renderVspPod(dpu, action.run, this.#environment));
        return [];
      case 'createInstallPod':
        await createPod(this.#store, renderInstallPod(dpu, action.run, action.before, this.#environment));
        return [];
      case 'deleteVspPod':
        await this.#delete(dpu, vspPodName(name));
        return [];
      case 'deleteInstallPod':
        await this.#delete(dpu, installPodName(name));
        return [];
      case 'evict':
        this.#unplaced.evicted();
        return await evictPods(this.#store, dpu.spec.nodeName, action.pods);
    }
  }

  async #delete(dpu: DataProcessingUnit, name: string): Promise<void> {
    const { namespace } = this.#environment;
    const own = ownPod(dpu, this.#caches.vspPods.get(name, namespace));
    if (own) await this.#store.delete(pod, name, namespace, { uid: own.metadata.uid });
  }
}

/** What of a config is for the daemon to do. Where the config cannot be had, nothing changes. JSON leaves out what is undefined. */
function daemonSpec(dpu: DataProcessingUnit, { vfs, config, problem }: Choice): object {
  const { hostPortsExpireAfterMinutes, channel } = (problem ? dpu : config)?.spec ?? {};
  return { numVfs: vfs.numVfs, numVfsPerPf: vfs.numVfsPerPf, hostPortsExpireAfterMinutes, channel };
}

function recordedSpec({ spec }: DataProcessingUnit): object {
  const { numVfs, numVfsPerPf, hostPortsExpireAfterMinutes, channel } = spec;
  return { numVfs, numVfsPerPf, hostPortsExpireAfterMinutes, channel };
}

/** What was written, and to which state of the spec: with that it is no more the generation that it was. */
function appliedTo({ metadata: { uid, generation } }: DataProcessingUnit, wanted: object): object {
  return { uid, generation, wanted };
}
