/**
 * The network functions of a DPU side. Which there are is written in the attachments; here is only what a VSP that
 * was away must be told to forget: a deletion is certain once it is answered, as with bridge ports.
 */
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { z } from 'zod';
import { ignoreAbsence } from '../channel/bridge-port-keeper.ts';
import { JsonFiles } from '../state/json-files.ts';
import { KeyedLock } from '../state/keyed-lock.ts';

export interface NetworkFunctionTarget {
  createNetworkFunction(nf: NetworkFunction): Promise<void>;
  deleteNetworkFunction(nf: NetworkFunction): Promise<void>;
}

const recordSchema = z.object({ input: z.string(), output: z.string(), bridgeId: z.string().exactOptional() });

export class NetworkFunctionKeeper {
  readonly #deletions: JsonFiles<NetworkFunction>;
  readonly #vsp: () => NetworkFunctionTarget | undefined;
  readonly #logger: Logger;
  readonly #lock = new KeyedLock();

  constructor(options: { directory: string; vsp: () => NetworkFunctionTarget | undefined; logger: Logger }) {
    this.#deletions = new JsonFiles(options.directory, recordSchema);
    this.#vsp = options.vsp;
    this.#logger = options.logger;
  }

  /** @throws DpuError UNAVAILABLE without a VSP */
  async create(nf: NetworkFunction): Promise<void> {
    await this.#lock.run(keyOf(nf), async () => {
      const vsp = this.#vsp();
      if (!vsp) throw new DpuError('UNAVAILABLE', "network function: the DPU's VSP is not ready; see its vsp pod");
      await this.#deletions.delete(keyOf(nf));
      await vsp.createNetworkFunction(nf);
    });
  }

  async delete(nf: NetworkFunction): Promise<void> {
    await this.#lock.run(keyOf(nf), async () => {
      await this.#deletions.put(keyOf(nf), nf);
      const vsp = this.#vsp();
      if (!vsp) return;
      try {
        await ignoreAbsence(vsp.deleteNetworkFunction(nf));
      } catch (error) {
        const { code } = DpuError.from(error);
        if (code !== 'UNAVAILABLE' && code !== 'DEADLINE_EXCEEDED') throw error;
        this.#logger.warn({ err: error, nf }, 'the VSP did not delete a network function; it will when it is back');
        return;
      }
      await this.#deletions.delete(keyOf(nf));
    });
  }

  /** Makes up for deletions that the VSP missed, then gives it the functions that attachments need. */
  async replay(vsp: NetworkFunctionTarget, wanted: () => NetworkFunction[]): Promise<void> {
    const attempt = (nf: NetworkFunction, work: () => Promise<void>) =>
      this.#lock.run(keyOf(nf), work).catch((error) => {
        this.#logger.error({ err: error, nf }, 'the VSP did not take back a network function');
      });
    for (const [, nf] of this.#deletions.entries()) {
      await attempt(nf, async () => {
        await ignoreAbsence(vsp.deleteNetworkFunction(nf));
        await this.#deletions.delete(keyOf(nf));
      });
    }
    for (const nf of wanted()) {
      await attempt(nf, async () => {
        if (wanted().some((other) => keyOf(other) === keyOf(nf))) await vsp.createNetworkFunction(nf);
      });
    }
  }
}

const keyOf = ({ input, output }: NetworkFunction): string => `${input}-${output}`;
