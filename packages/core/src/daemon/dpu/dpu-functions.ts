/** The network functions of a DPU side, by themselves and in chains. */
import type { NetworkFunction } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import type { Logger } from 'pino';
import type { ChainPlace } from '../attach/ports.ts';
import type { ChainState } from '../chains/chain-state.ts';
import { ChainKeeper } from './chain-keeper.ts';
import type { ChainMember } from './chain-standing.ts';
import { NetworkFunctionKeeper } from './network-function-keeper.ts';

export interface AttachedFunctions {
  /** Those that belong to no chain. */
  networkFunctions(dpuName: string): NetworkFunction[];
  /** Those that do; absent where nobody knows of chains. */
  chainMembers?(dpuName: string): ChainMember[];
}

export interface DpuFunctionsOptions {
  dpuName: string;
  /** The DPU's directory of records. */
  directory: string;
  attachments: AttachedFunctions;
  /** The VSP while it is initialised. */
  vsp: () => VspClient | undefined;
  /** What {@link DpuFunctions.chainState} answers may be another now. */
  onChains: () => void;
  logger: Logger;
}

export class DpuFunctions {
  readonly #options: DpuFunctionsOptions;
  readonly #singles: NetworkFunctionKeeper;
  readonly #chains: ChainKeeper;
  /** Whether the VSP takes ordered chains; undefined until it has said so. */
  #hasChains: boolean | undefined;
  /** Whether the VSP that runs, and any since the daemon's start, was told all there is. */
  #complete = false;
  #wasComplete = false;

  constructor(options: DpuFunctionsOptions) {
    const { directory, dpuName, vsp, onChains, logger } = options;
    this.#options = options;
    this.#singles = new NetworkFunctionKeeper({ directory: `${directory}/network-function-deletions`, vsp, logger });
    this.#chains = new ChainKeeper({
      dpuName,
      directory: `${directory}/chains`,
      members: () => this.#members(),
      vsp,
      isOrdered: () => this.#hasChains,
      singles: this.#singles,
      onChange: onChains,
      logger,
    });
  }

  create(nf: NetworkFunction, place?: ChainPlace): Promise<void> {
    return place ? this.#chains.join(nf, place) : this.#singles.create(nf);
  }

  delete(nf: NetworkFunction, chain?: string): Promise<void> {
    return chain === undefined ? this.#singles.delete(nf) : this.#chains.leave(nf, chain);
  }

  setOrder(chain: string, functions: readonly string[]): Promise<void> {
    return this.#chains.setOrder(chain, functions);
  }

  /** undefined where no function of the chain is attached here. */
  chainState(chain: string): ChainState | undefined {
    return this.#chains.state(chain) ?? (this.#wasComplete ? undefined : { phase: 'unknown' });
  }

  /** Whether the VSP has what was there before it started: no frame of a host goes around a function any more. */
  get complete(): boolean {
    return this.#complete;
  }

  /** A VSP is being initialised, which may be another than before. */
  forgetVsp(): void {
    this.#hasChains = undefined;
    this.#complete = false;
  }

  async replay(client: VspClient): Promise<void> {
    const hasChains = (await client.getInfo())?.capabilities.includes('chains') ?? false;
    this.#hasChains = hasChains;
    const singles = () => this.#options.attachments.networkFunctions(this.#options.dpuName);
    const lowered = () => (hasChains ? [] : this.#members().map(({ networkFunction }) => networkFunction));
    await this.#singles.replay(client, () => [...singles(), ...lowered()]);
    await this.#chains.replay(client);
    this.#complete = true;
    this.#wasComplete = true;
    this.#options.onChains();
  }

  close(): void {
    this.#chains.close();
  }

  #members(): readonly ChainMember[] {
    return this.#options.attachments.chainMembers?.(this.#options.dpuName) ?? [];
  }
}
