/** Writes a chain's status, all of which is the operator's. */
import { isDeepStrictEqual } from 'node:util';
import { findCondition, setCondition } from '../../api/fields/conditions.ts';
import {
  type ChainStatus,
  type ServiceFunctionChain,
  serviceFunctionChain,
} from '../../api/kinds/service-function-chain.ts';
import { fieldManagers } from '../../api/names/names.ts';
import { type EventRecorder, isNotFound, type KubeStore } from '../../kube/index.ts';
import type { ChainNetwork } from './chain-network.ts';
import type { ChainCondition } from './condition.ts';
import type { Site } from './nodes.ts';

export interface ChainState {
  site: Site | undefined;
  functions: ChainStatus['functions'];
  /** undefined leaves what was said. */
  on?: ChainNetwork['on'];
  /** undefined leaves what was said. */
  condition: ChainCondition | undefined;
}

export class ChainStatusWriter {
  readonly #store: KubeStore;
  readonly #events: EventRecorder;

  constructor(store: KubeStore, events: EventRecorder) {
    this.#store = store;
    this.#events = events;
  }

  /**
   * Writes what differs, and an event where status or reason of the condition do.
   *
   * @param warn whether a Warning is due although neither does
   */
  async write(chain: ServiceFunctionChain, state: ChainState, warn: boolean): Promise<void> {
    const { condition } = state;
    const { node, nodeUid } = state.site ?? {};
    const functions = state.functions?.length ? state.functions : undefined;
    const { network, logicalBridge } = state.on ?? chain.status ?? {};
    const before = chain.status?.conditions ?? [];
    const conditions = condition ? setCondition(before, conditionOf(chain, condition)) : before;
    const isSame =
      node === chain.status?.node &&
      nodeUid === chain.status?.nodeUid &&
      network === chain.status?.network &&
      logicalBridge === chain.status?.logicalBridge &&
      isDeepStrictEqual(functions, chain.status?.functions);
    if (!isSame || conditions !== before) {
      await this.#apply(chain, { node, nodeUid, functions, network, logicalBridge, conditions: [...conditions] });
    }
    if (!condition) return;
    const { status, reason, message, failing = false } = condition;
    const old = findCondition(before, 'Ready');
    if (!warn && old?.status === status && old.reason === reason) return;
    await this.#events.event(chain, { type: warn || failing ? 'Warning' : 'Normal', reason, message });
  }

  async #apply(chain: ServiceFunctionChain, status: ChainStatus): Promise<void> {
    const { apiVersion, kind } = serviceFunctionChain;
    const { name, namespace, uid } = chain.metadata;
    const body = {
      apiVersion,
      kind,
      // Without the uid the status of a chain that was deleted could become that of its successor.
      metadata: { name, namespace, uid },
      status,
    };
    try {
      await this.#store.applyStatus(serviceFunctionChain, body, { fieldManager: fieldManagers.operator });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function conditionOf({ metadata }: ServiceFunctionChain, { status, reason, message }: ChainCondition) {
  const { generation } = metadata;
  return {
    type: 'Ready',
    status,
    reason,
    message,
    ...(generation !== undefined && { observedGeneration: generation }),
  };
}
