/** Puts network functions between the hosts and the outside. */
import { DpuError, type NetworkFunction, type NetworkFunctionContract } from '@dpu-operator/sdk';
import type { DpuSide } from './dpu-side.ts';
import {
  functionDevices,
  functionKey,
  isOn,
  requireNoBridgePort,
  requireNoChain,
  sameFunction,
} from './function-devices.ts';

export class NetworkFunctions implements NetworkFunctionContract {
  readonly #dpu: () => DpuSide;

  /** @param dpu throws while there is no DPU side */
  constructor(dpu: () => DpuSide) {
    this.#dpu = dpu;
  }

  async createNetworkFunction(nf: NetworkFunction): Promise<void> {
    const dpu = this.#dpu();
    await dpu.update(async (state) => {
      const functions = await functionDevices([nf], dpu);
      requireNoBridgePort(functions, state, dpu);
      requireNoChain(functions, state);
      // A device given to a new pod no longer belongs to the one before, whether or not its removal was told.
      const others = [...state.networkFunctions].filter(([, { input, output }]) => {
        return !isOn(functions, input) && !isOn(functions, output);
      });
      const added = functions.map((devices) => [functionKey(nf), devices] as const);
      return { ...state, networkFunctions: new Map([...others, ...added]) };
    });
  }

  async deleteNetworkFunction(nf: NetworkFunction): Promise<void> {
    await this.#dpu().update((state) => {
      for (const [id, { chain }] of state.chains) {
        if (!chain.networkFunctions.some((held) => sameFunction(held, nf))) continue;
        const text = `the network function of ${nf.input} and ${nf.output} is in chain ${id}; update or delete that`;
        throw new DpuError('FAILED_PRECONDITION', text);
      }
      const networkFunctions = new Map(state.networkFunctions);
      return networkFunctions.delete(functionKey(nf)) ? { ...state, networkFunctions } : state;
    });
  }
}
