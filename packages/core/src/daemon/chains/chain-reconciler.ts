/** Runs the network functions of the ServiceFunctionChains that fall to this DPU node. */

import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import {
  type ConditionInput,
  fieldManagers,
  labels,
  operatorNamespace,
  type ServiceFunctionChain,
  serviceFunctionChain,
  setCondition,
} from '../../api/index.ts';
import {
  ApiError,
  type Applied,
  Controller,
  controllerName,
  type EventRecorder,
  Informer,
  isBeingDeleted,
  isNotFound,
  type KubeStore,
  keyOf,
  objectKey,
  type Pod,
  pod as podType,
  type Requeue,
} from '../../kube/index.ts';
import type { ChainMembership, ChainPlace } from '../attach/ports.ts';
import { notCreated, planChain, selectsNode } from './chain-plan.ts';
import type { ChainDataPath } from './chain-state.ts';
import { hostnameLabel, labelValue } from './network-function-pod.ts';

/** Milliseconds until a pod name that somebody else has is tried again; his pods are not watched here. */
const conflictRetryMs = 15_000;
/** Milliseconds that a pod's attachment waits for the chains to be known after a start of the daemon. */
const syncWaitMs = 5_000;

export interface ChainReconcilerOptions {
  store: KubeStore;
  events: EventRecorder;
  nodeName: string;
  /** Undefined while they are not known: what runs is left as it is. */
  nodeLabels: () => Record<string, string> | undefined;
  /** Whether this node has a DPU side that is there to stay. */
  hasDpuSide: () => boolean;
  dataPath: ChainDataPath;
  logger: Logger;
}

export class ChainReconciler implements ChainMembership {
  readonly #options: ChainReconcilerOptions;
  readonly #chains: Informer<ServiceFunctionChain>;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  readonly #synced = Promise.withResolvers<void>();
  #started = false;

  constructor(options: ChainReconcilerOptions) {
    const { store, logger } = options;
    this.#options = options;
    this.#chains = new Informer(store, serviceFunctionChain, { logger });
    this.#pods = new Informer(store, podType, { labelSelector: labels.chain, logger });
    this.#controller = new Controller({ name: 'chain', reconcile: (key) => this.#reconcile(key), logger });
  }

  /** Watches chains and their pods from now on. Call it when the node has a DPU side; later calls do nothing. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await Promise.all([this.#chains.start(signal), this.#pods.start(signal)]);
    this.#synced.resolve();
    this.#chains.onChange((chain) => this.#controller.enqueue(keyOf(chain)));
    this.#pods.onChange((pod) => {
      const owner = controllerName(pod, serviceFunctionChain.kind);
      if (owner) this.#controller.enqueue(objectKey(owner, pod.metadata.namespace));
    });
    await this.#controller.start(signal);
  }

  /** The node's labels or sides have changed. */
  reconsider(): void {
    for (const chain of this.#chains.list()) this.#controller.enqueue(keyOf(chain));
  }

  /** Asks the API server only of pods that the cache does not have: those of no chain, and the very newest. */
  async of({ namespace, name }: { namespace: string; name: string }): Promise<ChainPlace | undefined> {
    await this.#whenSynced();
    const found = this.#pods.get(name, namespace) ?? (await this.#options.store.get(podType, name, namespace));
    const owner = found?.metadata.labels?.[labels.chain] && controllerName(found, serviceFunctionChain.kind);
    if (!owner) return undefined;
    const key = objectKey(owner, namespace);
    const functions = this.#chains.getByKey(key)?.spec.networkFunctions.map((f) => f.name) ?? [];
    return { chain: key, function: name, functions };
  }

  async #whenSynced(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const text = 'the service function chains are not known yet; the API server has not answered';
    const timer = setTimeout(() => late.reject(new DpuError('UNAVAILABLE', text)), syncWaitMs);
    try {
      await Promise.race([this.#synced.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #reconcile(key: string): Promise<Requeue | undefined> {
    const chain = this.#chains.getByKey(key);
    if (!chain) return undefined;
    const { store, nodeName, nodeLabels, hasDpuSide, dataPath, logger } = this.#options;
    const label = labelValue(chain.metadata.name);
    const namespace = chain.metadata.namespace ?? operatorNamespace;
    const pods = this.#pods
      .list()
      .filter(({ metadata }) => metadata.namespace === namespace && metadata.labels?.[labels.chain] === label);
    const known = nodeLabels();
    const eligible = hasDpuSide() ? selectsNode(chain, known) : 'no';
    const node = { name: nodeName, hostname: known?.[hostnameLabel] ?? nodeName };
    // Before pods go: functions that stay need not be interrupted.
    const order = chain.spec.networkFunctions.map(({ name }) => name);
    if (!isBeingDeleted(chain)) await dataPath.setOrder(key, order);
    const plan = planChain({ chain, pods, node, eligible, state: dataPath.stateOf(key) });
    for (const { metadata } of plan.remove) {
      await store.delete(podType, metadata.name, namespace, { uid: metadata.uid });
      logger.info({ chain: key, pod: metadata.name }, 'network function removed');
    }
    for (const pod of plan.create) {
      const obstacle = await this.#create(chain, pod);
      if (obstacle === 'elsewhere') return undefined;
      if (obstacle) {
        await this.#writeReady(chain, obstacle);
        return { requeueAfterMs: conflictRetryMs };
      }
      logger.info({ chain: key, pod: pod.metadata.name }, 'network function created');
    }
    if (plan.ready) await this.#writeReady(chain, plan.ready);
    return undefined;
  }

  /** The condition that says why a pod could not be made, or that another node has the chain. */
  async #create(chain: ServiceFunctionChain, pod: Applied): Promise<ConditionInput | 'elsewhere' | undefined> {
    const { store } = this.#options;
    const { name, namespace } = pod.metadata;
    try {
      await store.create(podType, pod);
      return undefined;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code === 0 || error.code >= 500) throw error;
      if (error.code !== 409) return notCreated(chain, 'PodRefused', `pod ${name}: ${error.message}`);
    }
    const taken = await store.get(podType, name, namespace);
    if (taken?.metadata.ownerReferences?.some(({ uid }) => uid === chain.metadata.uid)) return 'elsewhere';
    const advice = 'delete that pod or give the network function another name';
    return notCreated(chain, 'PodConflict', `a pod ${namespace}/${name} that is not this chain's exists: ${advice}`);
  }

  async #writeReady(chain: ServiceFunctionChain, ready: ConditionInput): Promise<void> {
    const current = this.#chains.getByKey(keyOf(chain)) ?? chain;
    const before = current.status?.conditions ?? [];
    const after = setCondition(before, ready);
    if (after === before) return;
    const { apiVersion, kind } = serviceFunctionChain;
    const { name, namespace } = chain.metadata;
    const conditions = after.filter(({ type }) => type === ready.type);
    try {
      await this.#options.store.applyStatus(
        serviceFunctionChain,
        { apiVersion, kind, metadata: { name, namespace }, status: { conditions } },
        { fieldManager: fieldManagers.daemon },
      );
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
    const old = before.find(({ type }) => type === ready.type);
    if (old?.status === ready.status && old.reason === ready.reason) return;
    const type = ready.status === 'True' || ready.reason === 'Pending' ? 'Normal' : 'Warning';
    await this.#options.events.event(chain, { type, reason: ready.reason, message: ready.message });
  }
}
