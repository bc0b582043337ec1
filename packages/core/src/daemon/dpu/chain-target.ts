/** What a VSP does with chains. */
import { DpuError, type NetworkFunction, type ServiceChain } from '@dpu-operator/sdk';
import { ignoreAbsence } from '../channel/bridge-port-keeper.ts';

export interface ChainTarget {
  createChain(chain: ServiceChain): Promise<ServiceChain>;
  updateChain(chain: ServiceChain): Promise<ServiceChain>;
  deleteChain(name: string, options: { allowMissing: boolean }): Promise<void>;
  deleteNetworkFunction(nf: NetworkFunction): Promise<void>;
}

/** Creates a chain, or updates the one that the VSP was given; whichever it is where that is not certain. */
export async function giveChain(
  vsp: ChainTarget,
  chain: ServiceChain,
  before: { given?: NetworkFunction[] | undefined; uncertain?: boolean | undefined },
): Promise<void> {
  if (before.given && !before.uncertain) {
    // NOT_FOUND is one of the chain, or of an interface: creating it tells.
    await vsp.updateChain(chain).catch((error) => otherwise(error, 'NOT_FOUND', () => vsp.createChain(chain)));
  } else {
    await vsp.createChain(chain).catch((error) => otherwise(error, 'ALREADY_EXISTS', () => vsp.updateChain(chain)));
  }
}

export async function deleteChain(vsp: ChainTarget, id: string): Promise<void> {
  await ignoreAbsence(vsp.deleteChain(id, { allowMissing: true }));
}

/** Whether the VSP may have done it although the call failed. */
export function outcomeUnknown(error: unknown): boolean {
  return ['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'CANCELLED'].includes(DpuError.from(error).code);
}

function otherwise<T>(error: unknown, code: string, work: () => Promise<T>): Promise<T> {
  if (DpuError.from(error).code !== code) throw error;
  return work();
}
