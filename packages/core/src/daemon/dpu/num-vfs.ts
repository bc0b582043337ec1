/** How many virtual functions a host side shall have, and why it has not. */
import { DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import { firstTen } from '../../listed.ts';
import { KeyedLock } from '../state/keyed-lock.ts';

export type NumVfsClient = Pick<VspClient, 'getDevices' | 'getInfo' | 'setNumVfs'>;

export class NumVfs {
  readonly #lock = new KeyedLock();
  readonly #pods: () => readonly string[];
  #problem: string | undefined;
  /** undefined leaves it to the VSP. */
  wanted: number | undefined;

  /** @param pods `namespace/name` of those that have a device of the DPU */
  constructor(pods: () => readonly string[]) {
    this.#pods = pods;
  }

  /** What the VSP did not do, in words for a condition. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Brings the VSP to the number that is wanted; one number at a time, and each time the latest. */
  apply(client: NumVfsClient): Promise<void> {
    return this.#lock.run('', async () => {
      this.#problem = await this.#apply(client);
    });
  }

  /** @returns why the number is another than the one that is wanted. */
  async #apply(client: NumVfsClient): Promise<string | undefined> {
    const { wanted } = this;
    if (wanted === undefined) return undefined;
    try {
      const { length: current } = await client.getDevices();
      if (current === wanted) return undefined;
      // Where there is none, none can be lost; some images make theirs only when they are told a number.
      const inTheWay = current === 0 ? [] : await this.#podsInTheWay(client);
      if (inTheWay.length > 0) return waitingFor(inTheWay, current, wanted);
      const made = await client.setNumVfs(wanted);
      return made === wanted ? undefined : `asked for ${wanted} virtual functions, the VSP made ${made}`;
    } catch (error) {
      const { code, message } = DpuError.from(error);
      const what = `the VSP refused ${wanted} virtual functions (${message})`;
      if (code === 'FAILED_PRECONDITION') return `${what}; it is asked again whenever a pod that uses the DPU ends`;
      return `${what}: set numVfs otherwise`;
    }
  }

  /**
   * A VSP of the plugin contract refuses by itself a number that takes a device away from a pod (DV-9). One that cannot
   * tell what it is may be an image for the Go operator, which goes from one number to the next by way of none.
   */
  async #podsInTheWay(client: NumVfsClient): Promise<readonly string[]> {
    const pods = this.#pods();
    if (pods.length === 0 || (await client.getInfo())) return [];
    return pods;
  }
}

function waitingFor(pods: readonly string[], current: number, wanted: number): string {
  const why = `the card may lose its virtual functions on the way from ${current} to ${wanted}, and pods use some`;
  return `${why}: ${firstTen(pods)}; it is done when these have ended (kubectl drain moves them to other nodes)`;
}
