/**
 * The ServiceFunctionChains of this DPU node: the operator makes their pods, the daemon wires these. Which function a pod
 * is stands in the chain's status, by the pod's uid.
 */
import { DpuError } from '@dpu-operator/sdk';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { Logger } from 'pino';
import { findCondition, type ServiceFunctionChain, serviceFunctionChain } from '../../api/index.ts';
import { Controller, Informer, isBeingDeleted, type KubeStore, keyOf } from '../../kube/index.ts';
import type { ChainMembership, ChainPlace } from '../attach/collaborators.ts';
import type { ChainOrder, ChainOrders } from './chain-order.ts';

/** Milliseconds that an attachment waits for the chains to be known, and for the operator to name its pod. */
const defaultWaitMs = 5_000;

/** With these the operator has made no pod: one of that name is somebody else's. */
const reasonsWithoutPod: readonly string[] = ['PodConflict', 'NamespaceNotAllowed', 'NoNode'];

export interface NodeChainsOptions {
  store: KubeStore;
  nodeName: string;
  orders: ChainOrders;
  logger: Logger;
  /** Milliseconds. Default: 5,000. */
  waitMs?: number;
}

interface PodName {
  namespace: string;
  name: string;
  /** Absent where the container runtime does not tell. */
  uid?: string;
}

export class NodeChains implements ChainMembership {
  readonly #options: NodeChainsOptions;
  readonly #chains: Informer<ServiceFunctionChain>;
  readonly #controller: Controller;
  readonly #synced = Promise.withResolvers<void>();
  #started = false;

  constructor(options: NodeChainsOptions) {
    const { store, logger } = options;
    this.#options = options;
    this.#chains = new Informer(store, serviceFunctionChain, { logger });
    this.#controller = new Controller({ name: 'chain', reconcile: (key) => this.#reconcile(key), logger });
  }

  /** Watches chains from now on. Call it when the node has a DPU side; later calls do nothing. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#chains.start(signal);
    this.#synced.resolve();
    this.#chains.onChange((chain) => this.#controller.enqueue(keyOf(chain)));
    await this.#controller.start(signal);
  }

  async of(pod: PodName): Promise<ChainPlace | undefined> {
    const { waitMs = defaultWaitMs } = this.#options;
    await this.#whenSynced(waitMs);
    const candidate = this.#candidate(pod);
    if (!candidate) return undefined;
    const place = placeOf(candidate, pod) ?? (await this.#placeWithin(waitMs, pod));
    const chain = this.#candidate(pod);
    if (place || !chain) return place;
    const reason = findCondition(chain.status?.conditions, 'Ready')?.reason ?? '';
    // What the status names runs: a pod of that name is its next one.
    const isNamed = chain.status?.functions?.some(({ name }) => name === pod.name) ?? false;
    if (reasonsWithoutPod.includes(reason) && !isNamed) return undefined;
    const text = `chain ${keyOf(chain)} has a function ${pod.name} and does not say yet that this pod is it`;
    throw new DpuError('UNAVAILABLE', `${text}; does the operator run?`);
  }

  async #reconcile(key: string): Promise<void> {
    const chain = this.#chains.getByKey(key);
    if (!chain || isBeingDeleted(chain) || chain.status?.node !== this.#options.nodeName) return;
    // The operator has yet to look its network up.
    if (chain.status.network !== chain.spec.network) return;
    await this.#options.orders.setOrder(orderOf(chain));
  }

  /** The chain that has, or may have, the pod: names of pods are unique in their namespace. */
  #candidate(pod: PodName): ServiceFunctionChain | undefined {
    const near = this.#chains.list().filter(({ metadata }) => metadata.namespace === pod.namespace);
    return (
      near.find((chain) => placeOf(chain, pod)) ??
      near.find((chain) => !isBeingDeleted(chain) && functionsOf(chain).includes(pod.name))
    );
  }

  async #placeWithin(waitMs: number, pod: PodName): Promise<ChainPlace | undefined> {
    const { promise, resolve } = Promise.withResolvers<ChainPlace | undefined>();
    const timer = setTimeout(() => resolve(undefined), waitMs);
    const stop = this.#chains.onChange(() => {
      const chain = this.#candidate(pod);
      const place = chain && placeOf(chain, pod);
      if (place || !chain) resolve(place);
    });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      stop();
    }
  }

  async #whenSynced(waitMs: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const text = 'the service function chains are not known yet; the API server has not answered';
    const timer = setTimeout(() => late.reject(new DpuError('UNAVAILABLE', text)), waitMs);
    try {
      await Promise.race([this.#synced.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function placeOf(chain: ServiceFunctionChain, { name, uid }: PodName): ChainPlace | undefined {
  const found = chain.status?.functions?.find((one) => (uid === undefined ? one.name === name : one.podUid === uid));
  if (!found) return undefined;
  return {
    ...orderOf(chain),
    function: found.name,
  };
}

function orderOf(chain: ServiceFunctionChain): ChainOrder {
  return omitUndefined({
    chain: keyOf(chain),
    functions: functionsOf(chain),
    logicalBridge: chain.status?.logicalBridge,
    generation: chain.metadata.generation ?? 0,
  });
}

const functionsOf = ({ spec }: ServiceFunctionChain): string[] => spec.networkFunctions.map(({ name }) => name);
