/** How many virtual functions a host side shall have, and why it has not. */
import { isDeepStrictEqual } from 'node:util';
import { DpuError, type VirtualFunctions } from '@dpu-operator/sdk';
import { limitsOf, type VspClient } from '@dpu-operator/sdk/client';
import { type ConditionInput, dpuConditions } from '../../../api/index.ts';
import { firstTen } from '../../../first-ten.ts';
import { gone, type Presence, there, unknown } from '../../presence.ts';
import { KeyedLock } from '../../state/keyed-lock.ts';
import { comesWithRestart, describeWish, planVfs, type VfCall, type VfWish, vfCount } from './vf-plan.ts';

export type NumVfsClient = Pick<
  VspClient,
  'getDevices' | 'getInfo' | 'getVirtualFunctions' | 'setNumVfs' | 'setNumVfsOf'
>;

export interface NumVfsOptions {
  /** For what it says. */
  nodeName: string;
  /** `namespace/name` of the pods that have a device of the DPU. */
  pods: () => readonly string[];
  /** Called when {@link NumVfs.condition} may answer something else. */
  onChange: () => void;
  /** Milliseconds that the VSP has before it is told that it is at work. Default: 500. */
  reportAfterMs?: number;
}

type State =
  /** Nothing has come of the number that is wanted yet. */
  | { is: 'pending' }
  /** The VSP was asked some time ago and has not answered. */
  | { is: 'resizing'; from: number }
  | { is: 'applied' }
  /** The card has the number once the node has restarted. */
  | { is: 'restartNeeded' }
  | { is: 'refused'; message: string };

const applied: State = { is: 'applied' };
const restartNeeded: State = { is: 'restartNeeded' };

export class NumVfs {
  readonly #options: NumVfsOptions;
  readonly #lock = new KeyedLock();
  #state: State = { is: 'pending' };
  #wanted: VfWish | undefined;

  constructor(options: NumVfsOptions) {
    this.#options = options;
  }

  /** undefined leaves it to the VSP. */
  get wanted(): VfWish | undefined {
    return this.#wanted;
  }

  /**
   * What was said of another number does not hold for this one. Call {@link apply} to put it in force.
   *
   * @returns whether the number has changed
   */
  want(wish: VfWish | undefined): boolean {
    if (isDeepStrictEqual(wish, this.#wanted)) return false;
    this.#wanted = wish;
    this.#state = { is: 'pending' };
    return true;
  }

  get isRefused(): boolean {
    return this.#state.is === 'refused';
  }

  /** The VfCount condition: gone where no number is wanted, unknown until something has come of it. */
  get condition(): Presence<ConditionInput> {
    const wanted = this.#wanted;
    const { nodeName, pods } = this.#options;
    return wanted === undefined ? gone : conditionOf(this.#state, describeWish(wanted), pods(), nodeName);
  }

  /** Brings the VSP to the number that is wanted; one number at a time, and each time the latest. */
  apply(client: NumVfsClient): Promise<void> {
    return this.#lock.run('', async () => {
      const wanted = this.#wanted;
      if (wanted === undefined) return;
      this.#become(wanted, await this.#apply(client, wanted));
    });
  }

  async #apply(client: NumVfsClient, wanted: VfWish): Promise<State> {
    try {
      const functions = await client.getVirtualFunctions();
      const devices = functions ? 0 : (await client.getDevices()).length;
      const pods = this.#options.pods();
      const info = functions ? undefined : await client.getInfo();
      const isGoImage = !functions && pods.length > 0 && !info;
      const { maxVfs } = limitsOf(info?.features ?? []);
      const plan = planVfs(wanted, { functions, devices, maxVfs, isGoImage, pods });
      switch (plan.do) {
        case 'nothing':
          return applied;
        case 'awaitRestart':
          return restartNeeded;
        case 'refuse':
          return { is: 'refused', message: plan.message };
        case 'ask':
          return await this.#ask(client, plan.calls, wanted, { functions, devices });
      }
    } catch (error) {
      return { is: 'refused', message: refusal(wanted, error) };
    }
  }

  /** A VSP may wait for devices that the kernel has not given back yet: meanwhile that is said. */
  async #ask(
    client: NumVfsClient,
    calls: readonly VfCall[],
    wanted: VfWish,
    before: { functions: VirtualFunctions | undefined; devices: number },
  ): Promise<State> {
    const report = () => this.#become(wanted, { is: 'resizing', from: vfCount(before) });
    const timer = setTimeout(report, this.#options.reportAfterMs ?? 500);
    const answers: { count: number; made: number }[] = [];
    try {
      for (const { pf, count } of calls) {
        const made = pf === undefined ? await client.setNumVfs(count) : await client.setNumVfsOf(pf, count);
        answers.push({ count, made });
      }
    } finally {
      clearTimeout(timer);
    }
    if (answers.every(({ count, made }) => made === count)) return applied;
    const after = before.functions && (await client.getVirtualFunctions());
    if (after && comesWithRestart(wanted, after)) return restartNeeded;
    const made = answers.map((answer) => answer.made);
    return {
      is: 'refused',
      message: `asked for ${describeWish(calls.map(({ count }) => count))} virtual functions, the VSP made ${describeWish(made)}`,
    };
  }

  #become(wanted: VfWish, state: State): void {
    if (wanted !== this.#wanted) return;
    this.#state = state;
    this.#options.onChange();
  }
}

function refusal(wanted: VfWish, error: unknown): string {
  const { code, message } = DpuError.from(error);
  const what = `the VSP refused ${describeWish(wanted)} virtual functions (${message})`;
  if (code === 'FAILED_PRECONDITION') return `${what}; it is asked again whenever a pod that uses the DPU ends`;
  return `${what}: set ${typeof wanted === 'number' ? 'numVfs' : 'numVfsPerPf'} otherwise`;
}

function conditionOf(
  state: State,
  wanted: string,
  pods: readonly string[],
  nodeName: string,
): Presence<ConditionInput> {
  switch (state.is) {
    case 'pending':
      return unknown(`the VSP has not answered ${wanted} virtual functions yet`);
    case 'resizing':
      return there(said('False', 'Resizing', resizing(state.from, wanted, pods)));
    case 'restartNeeded':
      return there(said('False', 'RestartNeeded', restart(wanted, nodeName)));
    case 'refused':
      return there(said('False', 'Refused', state.message));
    case 'applied':
      return there(said('True', 'Applied', `${wanted} virtual functions, as asked for`));
  }
}

function restart(wanted: string, nodeName: string): string {
  const how = `kubectl drain ${nodeName}, restart it, then kubectl uncordon ${nodeName}`;
  return `the card has ${wanted} virtual functions once node ${nodeName} has restarted: ${how}`;
}

function resizing(from: number, wanted: string, pods: readonly string[]): string {
  const what = `the VSP goes from ${from} to ${wanted} virtual functions`;
  return pods.length === 0 ? what : `${what} and may wait for pods that have some: ${firstTen(pods)}`;
}

function said(status: 'True' | 'False', reason: string, message: string): ConditionInput {
  return { type: dpuConditions.vfCount, status, reason, message };
}
