/** For tests: ends a daemon at any of its steps, as SIGKILL does. */
import { VspClient } from '@dpu-operator/sdk/client';
import { ChannelListener } from '../peer/channel-listener.ts';
import { RecordFiles } from '../state/record-files.ts';

const clientCalls = [
  'init',
  'getInfo',
  'getDevices',
  'setNumVfs',
  'listBridgePorts',
  'createBridgePort',
  'deleteBridgePort',
  'createNetworkFunction',
  'deleteNetworkFunction',
  'createChain',
  'updateChain',
  'deleteChain',
] as const;

/** One daemon, from its start to its death. */
class Life {
  readonly died = Promise.withResolvers<void>();
  /** `before init`, `after init`, … */
  readonly steps: string[] = [];
  readonly #dieAt: number;
  /** Its last step, once it has died. */
  diedAt: string | undefined;

  constructor(dieAt: number) {
    this.#dieAt = dieAt;
  }

  /** @returns whether it is dead */
  step(name: string): boolean {
    this.steps.push(name);
    if (this.steps.length === this.#dieAt) {
      this.diedAt = name;
      this.died.resolve();
    }
    return this.diedAt !== undefined;
  }
}

/**
 * Counts the steps by which a daemon reaches somebody else: before and after each call to a VSP or peer, each write or
 * removal of a record, and listening. At one of them it dies: what it began ends at the other side, and nothing of it
 * goes on. Clients, records and listeners are those of the daemon that lived when they were first used.
 */
export class Halt {
  readonly #lives = new WeakMap<object, Life | 'immortal'>();
  readonly #restore: (() => void)[] = [];
  #life: Life | undefined;

  constructor() {
    for (const call of clientCalls) this.#hook(VspClient.prototype, call);
    this.#hook(ChannelListener.prototype, 'listen');
    this.#hook(RecordFiles.prototype, 'writeDurably');
    this.#hookRemoval();
  }

  /** Of the daemon that is made next. @param dieAt the number of a step, from 1 on */
  begin(dieAt: number): Life {
    this.#life = new Life(dieAt);
    return this.#life;
  }

  /** Daemons that are made from now on live. */
  end(): void {
    this.#life = undefined;
  }

  close(): void {
    for (const restore of this.#restore) restore();
  }

  #hook(prototype: object, name: string): void {
    const original: unknown = Reflect.get(prototype, name);
    if (typeof original !== 'function') throw new Error(`${name} is no method`);
    const isDead = (of: object, step: string) => this.#isDead(of, step);
    async function halting(this: object, ...args: unknown[]): Promise<unknown> {
      if (isDead(this, `before ${name}`)) return await new Promise(() => {});
      const result: unknown = await Reflect.apply(original as () => unknown, this, args);
      return isDead(this, `after ${name}`) ? await new Promise(() => {}) : result;
    }
    Reflect.set(prototype, name, halting);
    this.#restore.push(() => Reflect.set(prototype, name, original));
  }

  /** It is done at once, and can only be left by an error. */
  #hookRemoval(): void {
    const { prototype } = RecordFiles;
    const original = prototype.remove;
    const requireLife = (of: object, step: string) => {
      if (this.#isDead(of, step)) throw new Error('killed');
    };
    prototype.remove = function (key: string) {
      requireLife(this, 'before remove');
      original.call(this, key);
      requireLife(this, 'after remove');
    };
    this.#restore.push(() => Reflect.set(prototype, 'remove', original));
  }

  #isDead(of: object, step: string): boolean {
    const life = this.#lives.get(of) ?? this.#life ?? 'immortal';
    this.#lives.set(of, life);
    return life !== 'immortal' && life.step(step);
  }
}
