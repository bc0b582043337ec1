/**
 * The network functions of a DPU side, by themselves and in chains, as the VSP shall have them.
 *
 * Which are attached is written in the attachments; on disk here are the order of each chain, what the VSP was given of
 * it, and what a VSP that was away must still be told to forget. A chain is given when all its functions are attached,
 * as a whole, and taken from the VSP before the first of them goes. A VSP without ordered chains is given each function
 * by itself.
 */
import { isDeepStrictEqual } from 'node:util';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import type { ChainReport } from '../../api/index.ts';
import type { ChainPlace } from '../attach/ports.ts';
import type { ChainOrder } from '../chains/chain-order.ts';
import { Records } from '../state/records.ts';
import type { UnreadableRecord } from '../state/set-aside.ts';
import {
  type ChainMember,
  type ChainRecord,
  chainId,
  chainRecordSchema,
  chainStatus,
  chainWish,
  networkFunctionSchema,
} from './chain-status.ts';
import { type ChainItem, networkFunctionId, sameFunctions } from './items.ts';
import type { Action, Wish } from './plan.ts';
import { outcomeUnknown } from './target.ts';

export interface AttachedFunctions {
  /** Those that belong to no chain. */
  networkFunctions(dpuName: string): NetworkFunction[];
  /** Those that do; absent where nobody knows of chains. */
  chainMembers?(dpuName: string): ChainMember[];
  /** Attachments that cannot be read; absent where all can. */
  unreadable?(): readonly string[];
}

export interface NetworkFunctionsOptions {
  dpuName: string;
  /** The DPU's directory of records. */
  directory: string;
  attachments: AttachedFunctions;
  /** Called when {@link NetworkFunctions.chains} answers something else. */
  onChains: () => void;
  /** Called when {@link NetworkFunctions.unreadable} answers something else. */
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
}

export class NetworkFunctions {
  readonly #options: NetworkFunctionsOptions;
  readonly #deletions: Records<NetworkFunction>;
  readonly #chains: Records<ChainRecord>;
  /** By id: those of no chain. A function counts from its ADD on, not from when its attachment was planned. */
  readonly #singles = new Map<string, NetworkFunction>();
  readonly #members = new Map<string, ChainMember>();
  /** By chain. */
  readonly #reports = new Map<string, ChainReport>();
  /** By chain id: what was known before the call that is under way. */
  readonly #before = new Map<string, ChainRecord>();
  /** Whether the VSP takes ordered chains; undefined until it has said so. */
  #hasChains: boolean | undefined;
  #wasComplete = false;

  constructor(options: NetworkFunctionsOptions) {
    const { directory, logger, onUnreadable } = options;
    this.#options = options;
    this.#deletions = new Records({
      directory: `${directory}/network-function-deletions`,
      schema: networkFunctionSchema,
      what: 'network function',
      logger,
      onUnreadable,
    });
    this.#chains = new Records({
      directory: `${directory}/chains`,
      schema: chainRecordSchema,
      what: 'chain',
      logger,
      onUnreadable,
    });
  }

  unreadable(): UnreadableRecord[] {
    return [...this.#deletions.unreadable(), ...this.#chains.unreadable()];
  }

  close(): void {
    this.#deletions.close();
    this.#chains.close();
  }

  /** A VSP has been initialised, which may be another than before: what is attached is read anew. */
  async vspStarted(hasChains: boolean): Promise<void> {
    const { attachments, dpuName } = this.#options;
    this.#singles.clear();
    for (const nf of attachments.networkFunctions(dpuName)) this.#singles.set(networkFunctionId(nf), nf);
    this.#members.clear();
    for (const member of attachments.chainMembers?.(dpuName) ?? []) this.#addMember(member);
    for (const { chain } of this.#chains.values()) {
      if (hasChains) await this.#giveAsChain(chain);
      else await this.#change(chain, ({ order }) => ({ version: 1, chain, order, lowered: true }));
    }
    this.#hasChains = hasChains;
  }

  /** The VSP was told everything. */
  vspComplete(): void {
    this.#wasComplete = true;
    const chains = [...this.#chains.values(), ...this.#members.values()].map(({ chain }) => chain);
    for (const chain of new Set(chains)) this.chainReconciled(chain);
    this.#options.onChains();
  }

  vspAway(): void {
    this.#hasChains = undefined;
  }

  /** A function has been attached. @returns whether the VSP gets it by itself, or with its whole chain */
  async attach(nf: NetworkFunction, place: ChainPlace | undefined): Promise<'single' | 'in chain'> {
    if (this.#hasChains === undefined) {
      const what = place ? `chain ${place.chain}` : 'network function';
      throw new DpuError('UNAVAILABLE', `${what}: the DPU's VSP is not ready; see its vsp pod`);
    }
    if (!place) {
      await this.#deletions.delete(networkFunctionId(nf));
      this.#singles.set(networkFunctionId(nf), nf);
      return 'single';
    }
    const { chain, functions, generation } = place;
    const isLowered = !this.#hasChains;
    this.#addMember({ chain, function: place.function, networkFunction: nf });
    try {
      await this.#promise(chain, (record) => ({
        ...record,
        order: [...functions],
        generation,
        ...(isLowered && { lowered: true }),
      }));
      if (isLowered) await this.#deletions.delete(networkFunctionId(nf));
    } catch (error) {
      this.forget(nf);
      throw error;
    }
    return isLowered ? 'single' : 'in chain';
  }

  /** Its creation failed: it is not asked for again. */
  forget(nf: NetworkFunction): void {
    this.#singles.delete(networkFunctionId(nf));
    this.#members.delete(networkFunctionId(nf));
  }

  /** A function is about to lose its interfaces: the VSP hears of it, whatever happens once that is on disk. */
  async detach(nf: NetworkFunction, chain: string | undefined): Promise<void> {
    const closing = chain !== undefined && (await this.#close(chain, nf));
    if (!closing && (chain === undefined || !this.#hasChains)) {
      await this.#deletions.updateEventually(networkFunctionId(nf), () => nf);
    }
    this.forget(nf);
    if (chain !== undefined) await this.#change(chain, (record) => record);
  }

  /** @throws DpuError RESOURCE_EXHAUSTED where a restart of this daemon would undo what {@link detach} did */
  requireDetachWritten(nf: NetworkFunction, chain: string | undefined): void {
    this.#deletions.requireWritten(networkFunctionId(nf));
    if (chain !== undefined) this.#chains.requireWritten(chainId(chain));
  }

  /** @returns whether that is news of a chain that has functions here */
  async setOrder({ chain, functions, generation }: ChainOrder): Promise<boolean> {
    const { order, generation: known } = this.#record(chain);
    if (this.#membersOf(chain).length === 0) return false;
    if (known === generation && sameOrder(order, functions)) return false;
    await this.#promise(chain, (record) => ({ ...record, order: [...functions], generation }));
    return true;
  }

  /** What was to be done for the order that a chain has now was done, or tried. */
  orderTaken(chain: string): void {
    const report = this.#reports.get(chain);
    const { generation } = this.#record(chain);
    if (report && generation !== undefined) this.#tell({ ...report, generation });
  }

  wishes(): Wish[] {
    if (this.#hasChains === undefined) return [];
    const held = new Map(this.#singles);
    if (!this.#hasChains) for (const [id, { networkFunction }] of this.#members) held.set(id, networkFunction);
    const dropped = this.#deletions.values().filter((nf) => !held.has(networkFunctionId(nf)));
    return [
      ...dropped.map((networkFunction) => wish('drop', networkFunction)),
      ...[...held.values()].map((networkFunction) => wish('hold', networkFunction)),
      ...(this.#hasChains ? this.#chains.values() : []).flatMap(
        (record) => chainWish(record, this.#membersOf(record.chain)) ?? [],
      ),
    ];
  }

  /** What the VSP may have after a crash in the middle of the call is on disk before it. */
  async chainCalled({ id, networkFunctions }: ChainItem): Promise<void> {
    await this.#chains.update(id, (record) => {
      if (!record) return undefined;
      this.#before.set(id, record);
      return { ...record, applied: [...networkFunctions], applyOutcomeUnknown: true };
    });
  }

  async chainAcknowledged(call: Action['call'], { id, networkFunctions }: ChainItem): Promise<void> {
    const chain = this.#chains.get(id)?.chain;
    if (chain === undefined) return;
    await this.#change(chain, (record) => {
      const rest = withoutApplied(record);
      if (call !== 'delete') return { ...rest, applied: [...networkFunctions] };
      const { closing: _, ...open } = rest;
      return open;
    });
    this.#options.logger.info({ chain, call, networkFunctions }, 'the VSP has taken a change of a chain');
    this.chainReconciled(chain);
  }

  /** All or nothing: where the VSP refused, it has what it had. */
  async chainFailed(call: Action['call'], { id }: ChainItem, error: DpuError): Promise<void> {
    const chain = this.#chains.get(id)?.chain;
    if (chain === undefined) return;
    const before = this.#before.get(id);
    if (call !== 'delete' && before && !outcomeUnknown(error) && !before.applyOutcomeUnknown) {
      await this.#change(chain, (record) => ({
        ...withoutApplied(record),
        ...(before.applied && { applied: before.applied }),
      }));
    }
    // A deletion without an answer is repeated: nothing is said of it.
    if (call === 'delete' && outcomeUnknown(error)) return;
    this.#tell({ name: chain, phase: 'Refused', ...this.#generation(chain), message: error.message });
  }

  async functionDropped(nf: NetworkFunction): Promise<void> {
    await this.#deletions.delete(networkFunctionId(nf));
  }

  /** The chains that have functions attached here; undefined until a VSP was told of them since the start. */
  chains(): ChainReport[] | undefined {
    if (!this.#wasComplete) return undefined;
    return [...this.#reports.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Reports a chain, where nothing is left to do for it. */
  chainReconciled(chain: string): void {
    if (this.#hasChains === undefined) return;
    const record = this.#record(chain);
    const members = this.#membersOf(chain);
    const { whole, missing } = chainStatus(record, members);
    const about = { name: chain, ...this.#generation(chain) };
    if (members.length === 0) this.#forgetReport(chain);
    else if (!whole) this.#tell({ ...about, phase: 'Incomplete', missing });
    else if (!this.#hasChains) this.#tell({ ...about, phase: 'Lowered' });
    else if (record.applied && !record.applyOutcomeUnknown && !record.closing && sameFunctions(record.applied, whole)) {
      this.#tell({ ...about, phase: 'Ordered' });
    }
  }

  /** An earlier VSP without chains was given the functions one by one, and this one may have found them. */
  async #giveAsChain(chain: string): Promise<void> {
    const members = this.#membersOf(chain);
    if (this.#record(chain).lowered) {
      for (const { networkFunction } of members) {
        await this.#deletions.updateEventually(networkFunctionId(networkFunction), () => networkFunction);
      }
    }
    await this.#change(chain, ({ lowered: _, ...record }) =>
      chainStatus(record, members).lost ? { ...record, closing: true } : record,
    );
  }

  /** @returns whether the VSP has, or may have, the function in its chain, which is then taken from it */
  async #close(chain: string, nf: NetworkFunction): Promise<boolean> {
    const record = await this.#chains.updateEventually(chainId(chain), (known) => {
      const isApplied = known?.applied?.some((applied) => sameFunctions([applied], [nf])) ?? false;
      if (!known?.applied || !(isApplied || known.applyOutcomeUnknown)) return known;
      return { ...known, closing: true };
    });
    return record?.closing ?? false;
  }

  /** What is already so: a full disk changes nothing about it. */
  async #change(chain: string, change: (record: ChainRecord) => ChainRecord): Promise<void> {
    await this.#chains.updateEventually(chainId(chain), (known) => this.#changed(chain, known, change));
  }

  /** What is promised: on disk when it resolves. */
  async #promise(chain: string, change: (record: ChainRecord) => ChainRecord): Promise<void> {
    await this.#chains.update(chainId(chain), (known) => this.#changed(chain, known, change));
  }

  /** A chain that has nothing here any more, neither attached nor at the VSP, needs no record. */
  #changed(
    chain: string,
    known: ChainRecord | undefined,
    change: (record: ChainRecord) => ChainRecord,
  ): ChainRecord | undefined {
    const record = change(known ?? { version: 1, chain, order: [] });
    const isNeeded = this.#membersOf(chain).length > 0 || record.applied || record.closing;
    return isNeeded ? record : undefined;
  }

  #addMember(member: ChainMember): void {
    this.#members.set(networkFunctionId(member.networkFunction), member);
  }

  #membersOf(chain: string): ChainMember[] {
    return [...this.#members.values()].filter((member) => member.chain === chain);
  }

  #record(chain: string): ChainRecord {
    return this.#chains.get(chainId(chain)) ?? { version: 1, chain, order: [] };
  }

  #generation(chain: string): Pick<ChainReport, 'generation'> {
    const { generation } = this.#record(chain);
    return generation === undefined ? {} : { generation };
  }

  #tell(report: ChainReport): void {
    const before = this.#reports.get(report.name);
    this.#reports.set(report.name, report);
    if (!isDeepStrictEqual(before, report)) this.#options.onChains();
  }

  #forgetReport(chain: string): void {
    if (this.#reports.delete(chain)) this.#options.onChains();
  }
}

const wish = (order: Wish['order'], networkFunction: NetworkFunction): Wish => ({
  order,
  item: { kind: 'networkFunction', networkFunction },
});

function withoutApplied({ applied: _, applyOutcomeUnknown: __, ...rest }: ChainRecord): ChainRecord {
  return rest;
}

const sameOrder = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();
