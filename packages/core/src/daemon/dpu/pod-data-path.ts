/** What pods attach to on a DPU: of a side that it does not have there is nothing, and nothing to delete. */
import { type BridgePort, DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import type { ChainPlace, DataPath } from '../attach/collaborators.ts';
import type { DpuDataPath } from '../datapath/dpu-data-path.ts';
import type { HostDataPath } from '../datapath/host-ports/host-data-path.ts';

export class PodDataPath implements DataPath {
  readonly #dpuName: string;
  readonly #host: HostDataPath | undefined;
  readonly #dpu: DpuDataPath | undefined;

  /** One of the two is there. */
  constructor(dpuName: string, host: HostDataPath | undefined, dpu: DpuDataPath | undefined) {
    this.#dpuName = dpuName;
    this.#host = host;
    this.#dpu = dpu;
  }

  async createBridgePort(port: BridgePort): Promise<void> {
    if (!this.#host) throw this.#isNo('host');
    await this.#host.createBridgePort(port);
  }

  /** A DPU side that is out of reach deletes it when it is back. */
  async deleteBridgePort(name: string): Promise<void> {
    await this.#host?.deleteBridgePort(name);
  }

  async createNetworkFunction(nf: NetworkFunction, place?: ChainPlace): Promise<void> {
    if (!this.#dpu) throw this.#isNo('DPU');
    await this.#dpu.createNetworkFunction(nf, place);
  }

  async deleteNetworkFunction(nf: NetworkFunction, chain?: string): Promise<void> {
    await this.#dpu?.deleteNetworkFunction(nf, chain);
  }

  #isNo(side: string): DpuError {
    return new DpuError('FAILED_PRECONDITION', `dpu ${this.#dpuName} is no ${side} side`);
  }
}
