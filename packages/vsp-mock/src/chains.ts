/** Chains of network functions in order, between the hosts and the outside. */
import { type ChainContract, DpuError, type ServiceChain } from '@dpu-operator/sdk';
import type { DpuSide, DpuState } from './dpu-side.ts';
import {
  functionDevices,
  requireNoBridgePort,
  requireNoChain,
  requireNoSingle,
  sameFunction,
} from './function-devices.ts';
import { bareName } from './names.ts';

export class Chains implements ChainContract {
  readonly #dpu: () => DpuSide;

  /** @param dpu throws while there is no DPU side */
  constructor(dpu: () => DpuSide) {
    this.#dpu = dpu;
  }

  async createChain(chain: ServiceChain): Promise<ServiceChain> {
    const dpu = this.#dpu();
    const [id, wanted] = chainAsked(chain);
    await dpu.update(async (state) => {
      const existing = state.chains.get(id);
      if (!existing) return withChain(state, id, wanted, dpu);
      if (sameChain(existing.chain, wanted)) return state;
      throw new DpuError('ALREADY_EXISTS', `chain ${id} exists with other network functions; update or delete it`);
    });
    return wanted;
  }

  async updateChain(chain: ServiceChain): Promise<ServiceChain> {
    const dpu = this.#dpu();
    const [id, wanted] = chainAsked(chain);
    await dpu.update(async (state) => {
      const existing = required(state, id);
      return sameChain(existing.chain, wanted) ? state : withChain(state, id, wanted, dpu);
    });
    return wanted;
  }

  /** Leaves the outside cut off where it was the last: what a chain was to look at must not go around it. */
  async deleteChain(name: string): Promise<void> {
    const id = bareName(name, 'serviceChains');
    await this.#dpu().update((state) => {
      required(state, id);
      const chains = new Map(state.chains);
      chains.delete(id);
      return { ...state, chains };
    });
  }

  async listChains(): Promise<ServiceChain[]> {
    return [...this.#dpu().state.chains.values()].map(({ chain }) => chain);
  }
}

/** Its bare name, and the chain under its full one. */
function chainAsked({ name, networkFunctions }: ServiceChain): [string, ServiceChain] {
  const id = bareName(name, 'serviceChains');
  if (networkFunctions.length > 0) return [id, { name: `serviceChains/${id}`, networkFunctions }];
  throw new DpuError('INVALID_ARGUMENT', `network_functions: chain ${id} has none; name at least one or delete it`);
}

async function withChain(state: DpuState, id: string, chain: ServiceChain, dpu: DpuSide): Promise<DpuState> {
  const functions = await functionDevices(chain.networkFunctions, dpu);
  requireNoBridgePort(functions, state, dpu);
  requireNoSingle(functions, state);
  requireNoChain(functions, state, id);
  return { ...state, chains: new Map(state.chains).set(id, { chain, functions }), closed: true };
}

function sameChain(a: ServiceChain, b: ServiceChain): boolean {
  const [others, own] = [b.networkFunctions, a.networkFunctions];
  return own.length === others.length && own.every((nf, index) => sameFunction(nf, others[index] ?? nf));
}

function required(state: DpuState, id: string) {
  const chain = state.chains.get(id);
  if (chain) return chain;
  throw new DpuError('NOT_FOUND', `chain ${id} does not exist`);
}
