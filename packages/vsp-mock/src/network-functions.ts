/** Puts network functions between the hosts and the outside. */
import { DpuError, type NetworkFunction, type NetworkFunctionContract } from '@dpu-operator/sdk';
import type { DpuSide, DpuState } from './dpu-side.ts';
import { representorName, vfOfBridgePort } from './names.ts';

export class NetworkFunctions implements NetworkFunctionContract {
  readonly #dpu: () => DpuSide;

  /** @param dpu throws while there is no DPU side */
  constructor(dpu: () => DpuSide) {
    this.#dpu = dpu;
  }

  async createNetworkFunction(nf: NetworkFunction): Promise<void> {
    if (nf.bridgeId) {
      const text = `bridge_id: a software DPU has one bridge, not ${nf.bridgeId}; leave it empty`;
      throw new DpuError('INVALID_ARGUMENT', text);
    }
    const dpu = this.#dpu();
    await dpu.update(async (state) => {
      const [input, output] = await dpu.devicesOf([nf.input, nf.output]);
      if (input === undefined || output === undefined || input === output) {
        throw new DpuError(
          'INVALID_ARGUMENT',
          `input and output are one device (${nf.input}); a network function has two`,
        );
      }
      if (dpu.handsOutVfs) for (const vf of [input, output]) requireNoBridgePort(vf, state);
      // A device given to a new pod no longer belongs to the one before, whether or not its removal was told.
      const others = [...state.networkFunctions].filter(([, other]) => {
        return ![other.input, other.output].some((device) => device === input || device === output);
      });
      return { ...state, networkFunctions: new Map([...others, [keyOf(nf), { input, output }]]) };
    });
  }

  async deleteNetworkFunction(nf: NetworkFunction): Promise<void> {
    await this.#dpu().update((state) => {
      const networkFunctions = new Map(state.networkFunctions);
      return networkFunctions.delete(keyOf(nf)) ? { ...state, networkFunctions } : state;
    });
  }
}

const keyOf = ({ input, output }: NetworkFunction) => `${input} ${output}`.toLowerCase();

function requireNoBridgePort(vf: number, state: DpuState): void {
  const port = [...state.bridgePorts.keys()].find((name) => vfOfBridgePort(name) === vf);
  if (port === undefined) return;
  const text = `${representorName(vf)} is bridge port ${port}; delete that first`;
  throw new DpuError('FAILED_PRECONDITION', text);
}
