/** How many virtual functions a host side shall have, and why it has not. */
import { DpuError } from '@dpu-operator/sdk';
import type { VspClient } from '@dpu-operator/sdk/client';
import { type ConditionInput, dpuConditions } from '../../api/index.ts';
import { firstTen } from '../../listed.ts';
import { gone, type Presence, there, unknown } from '../presence.ts';
import { KeyedLock } from '../state/keyed-lock.ts';

export type NumVfsClient = Pick<VspClient, 'getDevices' | 'getInfo' | 'setNumVfs'>;

export interface NumVfsOptions {
  /** `namespace/name` of the pods that have a device of the DPU. */
  pods: () => readonly string[];
  /** Called when {@link NumVfs.condition} may answer something else. */
  onChange: () => void;
  /** Milliseconds that the VSP has before it is told that it is at work. Default: 500. */
  tellAfterMs?: number;
}

type State =
  /** Nothing has come of the number that is wanted yet. */
  | { is: 'pending' }
  /** The VSP was asked some time ago and has not answered. */
  | { is: 'resizing'; from: number }
  | { is: 'applied' }
  | { is: 'refused'; message: string };

export class NumVfs {
  readonly #options: NumVfsOptions;
  readonly #lock = new KeyedLock();
  #state: State = { is: 'pending' };
  #wanted: number | undefined;

  constructor(options: NumVfsOptions) {
    this.#options = options;
  }

  /** undefined leaves it to the VSP. */
  get wanted(): number | undefined {
    return this.#wanted;
  }

  /** What was said of another number does not hold for this one. Call {@link apply} to put it in force. */
  set wanted(count: number | undefined) {
    this.#wanted = count;
    this.#state = { is: 'pending' };
  }

  get isRefused(): boolean {
    return this.#state.is === 'refused';
  }

  /** The VfCount condition: gone where no number is wanted, unknown until something has come of it. */
  get condition(): Presence<ConditionInput> {
    const wanted = this.#wanted;
    return wanted === undefined ? gone : conditionOf(this.#state, wanted, this.#options.pods());
  }

  /** Brings the VSP to the number that is wanted; one number at a time, and each time the latest. */
  apply(client: NumVfsClient): Promise<void> {
    return this.#lock.run('', async () => {
      const wanted = this.#wanted;
      if (wanted === undefined) return;
      const message = await this.#apply(client, wanted);
      this.#become(wanted, message === undefined ? { is: 'applied' } : { is: 'refused', message });
    });
  }

  /** @returns why the number is another than the one that is wanted. */
  async #apply(client: NumVfsClient, wanted: number): Promise<string | undefined> {
    try {
      const { length: current } = await client.getDevices();
      if (current === wanted) return undefined;
      // Where there is none, none can be lost; some images make theirs only when they are told a number.
      const inTheWay = current === 0 ? [] : await this.#podsInTheWay(client, wanted);
      if (inTheWay.length > 0) return waitingFor(inTheWay, current, wanted);
      const made = await this.#ask(client, current, wanted);
      return made === wanted ? undefined : `asked for ${wanted} virtual functions, the VSP made ${made}`;
    } catch (error) {
      const { code, message } = DpuError.from(error);
      const what = `the VSP refused ${wanted} virtual functions (${message})`;
      if (code === 'FAILED_PRECONDITION') return `${what}; it is asked again whenever a pod that uses the DPU ends`;
      return `${what}: set numVfs otherwise`;
    }
  }

  /** A VSP may wait for devices that the kernel has not given back yet: meanwhile that is said. */
  async #ask(client: NumVfsClient, current: number, wanted: number): Promise<number> {
    const tell = () => this.#become(wanted, { is: 'resizing', from: current });
    const timer = setTimeout(tell, this.#options.tellAfterMs ?? 500);
    try {
      return await client.setNumVfs(wanted);
    } finally {
      clearTimeout(timer);
    }
  }

  #become(wanted: number, state: State): void {
    if (wanted !== this.#wanted) return;
    this.#state = state;
    this.#options.onChange();
  }

  /**
   * A VSP of the plugin contract refuses by itself a number that takes a device away from a pod (DV-9); without virtual
   * functions no pod has one, so there is nothing to ask. One that cannot tell what it is may be an image for the Go
   * operator, which goes from one number to the next by way of none.
   */
  async #podsInTheWay(client: NumVfsClient, wanted: number): Promise<readonly string[]> {
    const pods = this.#options.pods();
    if (pods.length === 0) return [];
    return wanted === 0 || !(await client.getInfo()) ? pods : [];
  }
}

function conditionOf(state: State, wanted: number, pods: readonly string[]): Presence<ConditionInput> {
  switch (state.is) {
    case 'pending':
      return unknown(`the VSP has not answered ${wanted} virtual functions yet`);
    case 'resizing':
      return there(vfCount('False', 'Resizing', resizing(state.from, wanted, pods)));
    case 'refused':
      return there(vfCount('False', 'Refused', state.message));
    case 'applied':
      return there(vfCount('True', 'Applied', `${wanted} virtual functions, as asked for`));
  }
}

function waitingFor(pods: readonly string[], current: number, wanted: number): string {
  const why =
    wanted === 0
      ? 'without virtual functions no pod has a device, and pods use some'
      : `the card may lose its virtual functions on the way from ${current} to ${wanted}, and pods use some`;
  return `${why}: ${firstTen(pods)}; it is done when these have ended (kubectl drain moves them to other nodes)`;
}

function resizing(from: number, wanted: number, pods: readonly string[]): string {
  const what = `the VSP goes from ${from} to ${wanted} virtual functions`;
  return pods.length === 0 ? what : `${what} and may wait for pods that have some: ${firstTen(pods)}`;
}

function vfCount(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: dpuConditions.vfCount, status, reason, message };
}
