/** How many virtual functions a host side shall have, and why it has not. */
import { DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import { KeyedLock } from '../state/keyed-lock.ts';

export class NumVfs {
  readonly #lock = new KeyedLock();
  #problem: string | undefined;
  /** undefined leaves it to the VSP. */
  wanted: number | undefined;

  /** What the VSP did not do, in words for a condition. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Tells the VSP; one number at a time, and each time the latest. */
  apply(client: VspClient): Promise<void> {
    return this.#lock.run('', () => this.#apply(client));
  }

  async #apply(client: VspClient): Promise<void> {
    const { wanted } = this;
    this.#problem = undefined;
    if (wanted === undefined) return;
    try {
      if ((await client.getDevices()).length === wanted) return;
      const made = await client.setNumVfs(wanted);
      if (made !== wanted) this.#problem = `asked for ${wanted} virtual functions, the VSP made ${made}`;
    } catch (error) {
      const words = DpuError.from(error).message;
      this.#problem = `the VSP refused ${wanted} virtual functions (${words}): set numVfs otherwise`;
    }
  }
}
