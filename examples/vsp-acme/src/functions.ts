/** Network functions, each by itself or in ordered chains. */
import { isDeepStrictEqual } from 'node:util';
import {
  type ChainContract,
  DpuError,
  type NetworkFunction,
  type NetworkFunctionContract,
  type ServiceChain,
} from '@dpu-operator/sdk';
import type { DpuSide } from './dpu-side.ts';
import { vfOfBridgePort } from './names.ts';
import type { DpuState, PlacedFunction } from './state.ts';
import type { LinksByName } from './wanted.ts';

export class NetworkFunctions implements NetworkFunctionContract {
  readonly #dpu: () => DpuSide;

  /** @param dpu throws where there is no DPU side */
  constructor(dpu: () => DpuSide) {
    this.#dpu = dpu;
  }

  async createNetworkFunction(nf: NetworkFunction): Promise<void> {
    const dpu = this.#dpu();
    await dpu.update((state, links) => {
      const placed = place(nf, { position: 0 }, dpu, state, links);
      const rivals = state.functions.filter((other) => overlaps(other, placed));
      const chain = rivals.find((other) => other.chain !== undefined)?.chain;
      if (chain !== undefined) {
        throw new DpuError(
          'FAILED_PRECONDITION',
          `${nf.input} or ${nf.output} is in ${chain}; take it out of that first`,
        );
      }
      // A device that was given to another pod does not belong to the former one's function, whose end was not told.
      return { ...state, functions: [...state.functions.filter((other) => !rivals.includes(other)), placed] };
    });
  }

  async deleteNetworkFunction({ input, output }: NetworkFunction): Promise<void> {
    await this.#dpu().update((state) => {
      const found = state.functions.find((each) => each.input === input && each.output === output);
      if (!found) return state;
      if (found.chain !== undefined) {
        throw new DpuError('FAILED_PRECONDITION', `${input} is in ${found.chain}; update or delete that`);
      }
      return { ...state, functions: state.functions.filter((each) => each !== found) };
    });
  }
}

export class Chains implements ChainContract {
  readonly #dpu: () => DpuSide;

  /** @param dpu throws where there is no DPU side */
  constructor(dpu: () => DpuSide) {
    this.#dpu = dpu;
  }

  async createChain(chain: ServiceChain): Promise<ServiceChain> {
    await this.#put(chain, (existing) => {
      if (!existing || isDeepStrictEqual(pairsOf(existing), pairsOf(chain))) return;
      throw new DpuError('ALREADY_EXISTS', `${chain.name} exists with other functions; update it, or delete it first`);
    });
    return chain;
  }

  async updateChain(chain: ServiceChain): Promise<ServiceChain> {
    await this.#put(chain, (existing) => requireChain(chain.name, existing));
    return chain;
  }

  /** Leaves the outside cut off where it was the last. */
  async deleteChain(name: string): Promise<void> {
    await this.#dpu().update((state) => {
      requireChain(name, chainsOf(state).get(name));
      return { ...state, functions: state.functions.filter(({ chain }) => chain !== name) };
    });
  }

  async listChains(): Promise<ServiceChain[]> {
    return [...chainsOf(this.#dpu().state).values()];
  }

  async #put(chain: ServiceChain, check: (existing: ServiceChain | undefined) => void): Promise<void> {
    const dpu = this.#dpu();
    await dpu.update((state, links) => {
      check(chainsOf(state).get(chain.name));
      if (chain.networkFunctions.length === 0) {
        throw new DpuError('INVALID_ARGUMENT', 'service_chain.network_functions: a chain has at least one');
      }
      const others = state.functions.filter((each) => each.chain !== chain.name);
      const placed: PlacedFunction[] = [];
      for (const [position, nf] of chain.networkFunctions.entries()) {
        const next = place(nf, { chain: chain.name, position }, dpu, state, links);
        if (placed.some((other) => overlaps(other, next))) {
          throw new DpuError(
            'INVALID_ARGUMENT',
            `service_chain.network_functions: ${nf.input} or ${nf.output} is there twice`,
          );
        }
        requireFree(next, others);
        placed.push(next);
      }
      return { ...state, functions: [...others, ...placed], closed: true };
    });
  }
}

/** Finds the devices of a function. */
function place(
  { input, output, bridgeId }: NetworkFunction,
  where: Pick<PlacedFunction, 'chain' | 'position'>,
  dpu: DpuSide,
  state: DpuState,
  links: LinksByName,
): PlacedFunction {
  if (bridgeId)
    throw new DpuError('INVALID_ARGUMENT', `bridge_id: an Acme DPU has no bridge ${bridgeId}; leave it empty`);
  const [inputIndex, outputIndex] = [dpu.deviceWithMac(input, links), dpu.deviceWithMac(output, links)];
  if (inputIndex === outputIndex) {
    throw new DpuError('INVALID_ARGUMENT', `input and output are one device (${input}); a network function has two`);
  }
  const port = [...state.bridgePorts.keys()].find((name) => [inputIndex, outputIndex].includes(vfOfBridgePort(name)));
  if (dpu.isOneNode && port !== undefined) {
    throw new DpuError('FAILED_PRECONDITION', `a device of the function is ${port}; delete that first`);
  }
  return { input, output, inputIndex, outputIndex, ...where };
}

function overlaps(a: PlacedFunction, b: PlacedFunction): boolean {
  return [a.inputIndex, a.outputIndex].some((index) => index === b.inputIndex || index === b.outputIndex);
}

function requireFree(placed: PlacedFunction, others: readonly PlacedFunction[]): void {
  const rival = others.find((other) => overlaps(other, placed));
  if (!rival) return;
  const place = rival.chain === undefined ? 'a network function by itself' : `in ${rival.chain}`;
  throw new DpuError('FAILED_PRECONDITION', `${placed.input} or ${placed.output} is ${place} already`);
}

function chainsOf({ functions }: DpuState): Map<string, ServiceChain> {
  const chains = new Map<string, ServiceChain>();
  for (const { chain: name, input, output } of functions) {
    if (name === undefined) continue;
    const chain = chains.get(name) ?? { name, networkFunctions: [] };
    chain.networkFunctions.push({ input, output });
    chains.set(name, chain);
  }
  return chains;
}

const pairsOf = ({ networkFunctions }: ServiceChain) => networkFunctions.map(({ input, output }) => [input, output]);

function requireChain(name: string, chain: ServiceChain | undefined): void {
  if (!chain) throw new DpuError('NOT_FOUND', `${name} does not exist`);
}
