/** What is left to try with a plugin whose devices are no netdevs: the calls, with made-up interfaces. */
import { DpuError } from '@dpu-operator/sdk';
import type { Params, SideDevice } from '../sides/protocol.ts';
import type { SideProcess } from '../sides/side-process.ts';

/** Reports how it went. */
type Step = (name: string, work: () => Promise<string>) => Promise<boolean>;

/** Locally administered; nobody has these. */
const madeUp = (index: number): string => `02:de:00:00:00:0${index}`;

export class WithoutPods {
  readonly #sides: { host: SideProcess; dpu: SideProcess };
  readonly #step: Step;
  /** Each answers what it deleted. */
  readonly #deletions: (() => Promise<string>)[] = [];

  constructor(sides: { host: SideProcess; dpu: SideProcess }, step: Step) {
    this.#sides = sides;
    this.#step = step;
  }

  get isEmpty(): boolean {
    return this.#deletions.length === 0;
  }

  /** By way of both daemons, as for a pod. */
  async addPorts(devices: readonly SideDevice[]): Promise<void> {
    const { host } = this.#sides;
    for (const [index, { id, pf, vf }] of devices.entries()) {
      const name = `host${pf}-${vf}`;
      const port: Params<'createBridgePort'> = {
        name,
        macAddress: madeUp(index + 1),
        type: 'ACCESS',
        logicalBridges: [`${vf + 2}`],
      };
      await this.#step(`bridge port ${name} by the channel between the daemons`, async () => {
        this.#deletions.push(async () => {
          await host.call('deleteBridgePort', port);
          return `bridge port ${name}`;
        });
        await host.call('createBridgePort', port);
        return `for ${id}, with a made-up MAC`;
      });
    }
  }

  async addFunction(): Promise<void> {
    const nf = { input: madeUp(3), output: madeUp(4) };
    await this.#step('network function of made-up interfaces', () => this.#add([nf], 'network function'));
  }

  async addChain(): Promise<void> {
    const names = ['first', 'second'];
    await this.#sides.dpu.call('setChain', { functions: names });
    const functions = names.map((inChainAs, index) => {
      return { input: madeUp(5 + 2 * index), output: madeUp(6 + 2 * index), inChainAs };
    });
    await this.#step('chain of two functions of made-up interfaces', () => this.#add(functions, 'chain'));
  }

  async #add(functions: readonly Params<'createNetworkFunction'>[], what: string): Promise<string> {
    const { dpu } = this.#sides;
    this.#deletions.push(async () => {
      for (const nf of functions) await dpu.call('deleteNetworkFunction', nf);
      return what;
    });
    for (const nf of functions) {
      const refusal = await dpu.call('createNetworkFunction', nf).then(() => undefined, refusalOf);
      if (refusal !== undefined) return `the plugin insists on interfaces that are there (${refusal})`;
    }
    return '';
  }

  /** @returns what was deleted */
  async undo(): Promise<string> {
    const deleted: string[] = [];
    for (const remove of this.#deletions.splice(0).reverse()) deleted.push(await remove());
    return deleted.join(', ');
  }
}

/** @throws what is no answer to interfaces that do not exist */
function refusalOf(error: unknown): string {
  const { code, message } = DpuError.from(error);
  if (code === 'NOT_FOUND' || code === 'INVALID_ARGUMENT' || code === 'FAILED_PRECONDITION') return message;
  throw error;
}
