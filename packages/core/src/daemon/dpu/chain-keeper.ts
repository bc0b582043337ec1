/**
 * The service function chains of a DPU side.
 *
 * Which functions are attached is written in the attachments; here is their order, and what the VSP was given. A chain
 * is given to the VSP when all its functions are attached, as a whole, and taken from it before the first of them goes.
 * Each change is on disk before the VSP hears of it, so that {@link ChainKeeper.replay} brings a VSP or a daemon that
 * started afresh to what is recorded, without the API server.
 *
 * A VSP without ordered chains is given each function by itself.
 */
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import type { ChainPlace } from '../attach/ports.ts';
import type { ChainState } from '../chains/chain-state.ts';
import { ignoreAbsence } from '../channel/bridge-port-keeper.ts';
import { JsonFiles } from '../state/json-files.ts';
import { KeyedLock } from '../state/keyed-lock.ts';
import { type ChainMember, type ChainRecord, chainId, chainRecord, sameFunctions, standing } from './chain-standing.ts';
import { type ChainTarget, deleteChain, giveChain, outcomeUnknown } from './chain-target.ts';
import type { NetworkFunctionKeeper } from './network-function-keeper.ts';

export interface ChainKeeperOptions {
  dpuName: string;
  directory: string;
  /** The chains' functions that are attached. */
  members: () => readonly ChainMember[];
  /** The VSP while it is initialised. */
  vsp: () => ChainTarget | undefined;
  /** Whether it takes ordered chains; undefined while that is not known. */
  isOrdered: () => boolean | undefined;
  singles: Pick<NetworkFunctionKeeper, 'create' | 'delete'>;
  /** What {@link ChainKeeper.state} answers may be another now. */
  onChange: () => void;
  logger: Logger;
}

const firstRetryMs = 500;
const longestRetryMs = 30_000;

export class ChainKeeper {
  readonly #options: ChainKeeperOptions;
  readonly #records: JsonFiles<ChainRecord>;
  readonly #lock = new KeyedLock();
  readonly #states = new Map<string, ChainState>();
  #timer: NodeJS.Timeout | undefined;
  #retryMs = firstRetryMs;
  #closed = false;

  constructor(options: ChainKeeperOptions) {
    this.#options = options;
    this.#records = new JsonFiles(options.directory, chainRecord);
  }

  state(chain: string): ChainState | undefined {
    return this.#states.get(chain);
  }

  /**
   * A function has been attached. That the VSP refuses the chain is told by its state and is no error: the interface
   * works, and the chain may be taken later.
   *
   * @throws DpuError UNAVAILABLE without a VSP; what the VSP says to a function that it is given by itself
   */
  join(nf: NetworkFunction, { chain, functions }: ChainPlace): Promise<void> {
    return this.#lock.run(chain, async () => {
      const isOrdered = this.#options.isOrdered();
      if (!this.#options.vsp() || isOrdered === undefined) {
        throw new DpuError('UNAVAILABLE', `chain ${chain}: the DPU's VSP is not ready; see its vsp pod`);
      }
      await this.#put({ ...this.#record(chain), order: [...functions] });
      if (!isOrdered) await this.#options.singles.create(nf);
      await this.#settle(chain);
    });
  }

  /** A function is about to lose its interfaces. Returns when no frame passes the chain any more, or will once the VSP is back. */
  leave(nf: NetworkFunction, chain: string): Promise<void> {
    return this.#lock.run(chain, async () => {
      const record = this.#record(chain);
      if (record.given && (record.uncertain || record.given.some((given) => sameFunctions([given], [nf])))) {
        await this.#put({ ...record, deleting: true });
        const vsp = this.#options.vsp();
        if (vsp && !(await this.#finishDeletion(chain, vsp))) return;
      } else if (!this.#options.isOrdered()) {
        await this.#options.singles.delete(nf);
      }
      await this.#settle(chain);
    });
  }

  /** The chain has other functions now, or another order. Does nothing where it has none here. */
  setOrder(chain: string, functions: readonly string[]): Promise<void> {
    return this.#lock.run(chain, async () => {
      const record = this.#record(chain);
      if (record.order.join() === functions.join() || this.#members(chain).length === 0) return;
      await this.#put({ ...record, order: [...functions] });
      await this.#settle(chain);
    });
  }

  /** Brings a VSP that has just been initialised to what is recorded. What it refuses is logged and tried again. */
  async replay(vsp: ChainTarget): Promise<void> {
    const known = this.#records.entries().map(([, { chain }]) => chain);
    const chains = new Set([...known, ...this.#options.members().map(({ chain }) => chain)]);
    for (const chain of chains) {
      await this.#lock.run(chain, async () => {
        const record = this.#record(chain);
        if (!this.#options.isOrdered()) {
          const { chain: _, order } = record;
          await this.#put({ chain, order });
        } else if (record.given) {
          await this.#put({ ...record, uncertain: true });
        } else {
          // An earlier VSP without chains was given them so, and this one may have found them.
          for (const { networkFunction } of this.#members(chain)) {
            await ignoreAbsence(vsp.deleteNetworkFunction(networkFunction)).catch((err) => {
              this.#options.logger.error({ err, chain, networkFunction }, 'the VSP did not let go of a function');
            });
          }
        }
        await this.#settle(chain);
      });
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #members(chain: string): ChainMember[] {
    return this.#options.members().filter((member) => member.chain === chain);
  }

  #record(chain: string): ChainRecord {
    return this.#records.get(chainId(chain)) ?? { chain, order: [] };
  }

  async #put(record: ChainRecord): Promise<void> {
    await this.#records.put(chainId(record.chain), record);
  }

  /** Makes the VSP have what the attached functions allow. Called while the chain is locked; throws nothing of the VSP's. */
  async #settle(chain: string): Promise<void> {
    const vsp = this.#options.vsp();
    if (!vsp || this.#options.isOrdered() === undefined) return;
    try {
      if (this.#record(chain).deleting && !(await this.#finishDeletion(chain, vsp))) return;
      this.#tell(chain, await this.#bring(chain, vsp));
    } catch (thrown) {
      const error = DpuError.from(thrown);
      this.#options.logger.warn({ err: error, chain }, 'the VSP did not take a chain; it is asked again');
      this.#tell(chain, { phase: 'refused', dpuName: this.#options.dpuName, message: error.message });
      this.#retryLater();
    }
  }

  async #bring(chain: string, vsp: ChainTarget): Promise<ChainState | undefined> {
    const { dpuName } = this.#options;
    const record = this.#record(chain);
    const { whole, missing, lost } = standing(record, this.#members(chain));
    if (lost) {
      await this.#put({ ...record, deleting: true });
      if (!(await this.#finishDeletion(chain, vsp))) return this.#states.get(chain);
    }
    if (this.#members(chain).length === 0) {
      await this.#records.delete(chainId(chain));
      return undefined;
    }
    if (!this.#options.isOrdered()) return whole ? { phase: 'lowered', dpuName } : this.#incomplete(missing);
    const wanted = whole ?? this.#record(chain).given;
    if (wanted) await this.#give(chain, wanted, vsp);
    return whole ? { phase: 'ordered', dpuName } : this.#incomplete(missing);
  }

  async #give(chain: string, functions: NetworkFunction[], vsp: ChainTarget): Promise<void> {
    const before = this.#record(chain);
    const { given, uncertain } = before;
    if (given && !uncertain && sameFunctions(given, functions)) return;
    await this.#put({ ...before, given: functions, uncertain: true });
    try {
      await giveChain(
        vsp,
        { name: `serviceChains/${chainId(chain)}`, networkFunctions: functions },
        { given, uncertain },
      );
    } catch (error) {
      // All or nothing: the VSP has what it had.
      if (!outcomeUnknown(error) && !uncertain) await this.#put(before);
      throw error;
    }
    const { uncertain: _, ...certain } = this.#record(chain);
    await this.#put(certain);
    this.#options.logger.info({ chain, functions }, 'the VSP has the chain');
  }

  /** Answers whether the VSP has said that it is done; where its answer did not come, it is asked again later. */
  async #finishDeletion(chain: string, vsp: ChainTarget): Promise<boolean> {
    try {
      await deleteChain(vsp, chainId(chain));
    } catch (error) {
      if (!outcomeUnknown(error)) throw error;
      this.#options.logger.warn({ err: error, chain }, 'the VSP did not delete a chain; it is asked again');
      this.#retryLater();
      return false;
    }
    const { order } = this.#record(chain);
    await this.#put({ chain, order });
    this.#options.logger.info({ chain }, 'the VSP has let go of the chain');
    // What it freed may be what another was refused for.
    if ([...this.#states.values()].some(({ phase }) => phase === 'refused')) this.#retryLater(firstRetryMs);
    return true;
  }

  #incomplete(missing: string[]): ChainState {
    return { phase: 'incomplete', dpuName: this.#options.dpuName, missing };
  }

  #tell(chain: string, state: ChainState | undefined): void {
    const before = this.#states.get(chain);
    if (state) this.#states.set(chain, state);
    else this.#states.delete(chain);
    if (JSON.stringify(before) !== JSON.stringify(state)) this.#options.onChange();
  }

  #retryLater(delayMs?: number): void {
    if (this.#closed) return;
    if (delayMs !== undefined) this.#retryMs = delayMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#retry(), this.#retryMs);
    this.#timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  async #retry(): Promise<void> {
    this.#timer = undefined;
    for (const [, { chain }] of this.#records.entries()) await this.#lock.run(chain, () => this.#settle(chain));
    if (this.#timer === undefined) this.#retryMs = firstRetryMs;
  }
}
