/**
 * The network functions of a DPU side, by themselves and in chains, as the VSP shall have them.
 *
 * Which are attached is written in the attachments; on disk here are the order of each chain, what the VSP was given of
 * it, and what a VSP that was away must still be told to forget. A chain is given when all its functions are attached,
 * as a whole, and taken from the VSP before the first of them goes. A VSP without ordered chains is given each function
 * by itself. A chain for one logical bridge is not given to a VSP that cannot do that. A VSP that starts anew is given
 * what was accepted last of a chain, then what is asked for now. What became of each chain that has functions here is
 * reported.
 */
import { isDeepStrictEqual } from 'node:util';
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import type { ChainReport } from '../../../api/index.ts';
import type { AttachedFunction, ChainPlace } from '../../attach/collaborators.ts';
import type { ChainOrder } from '../../chains/chain-order.ts';
import { Records } from '../../state/records.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import { type ChainItem, networkFunctionId } from '../items.ts';
import type { Action, Wish } from '../plan.ts';
import { outcomeUnknown } from '../target.ts';
import { type AttachedFunctions, AttachedIndex } from './attached-index.ts';
import { type ChainRecord, lowered, networkFunctionSchema, withOrder } from './chain-record.ts';
import { ChainRecords } from './chain-records.ts';
import { aboutChain, ChainReports, reportOf, type VspFunctions } from './chain-reports.ts';
import { appliedWish, chainStatus, chainWish, onBridgeOf } from './chain-status.ts';

export interface NetworkFunctionsOptions {
  dpuName: string;
  /** The DPU's directory of records. */
  directory: string;
  attachments: AttachedFunctions;
  /** Called when {@link NetworkFunctions.chains} has changed. */
  onChains: () => void;
  /** Called when {@link NetworkFunctions.unreadable} has changed. */
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
}

export class NetworkFunctions {
  readonly #options: NetworkFunctionsOptions;
  readonly #attached = new AttachedIndex();
  readonly #deletions: Records<NetworkFunction>;
  readonly #chains: ChainRecords;
  readonly #reports: ChainReports;
  /** Undefined until the VSP has said so. */
  #vsp: VspFunctions | undefined;
  #wasComplete = false;
  /** Chains of which a VSP that has started is told first what was accepted last: what is asked for now may be refused. */
  #restored = new Set<string>();

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
    this.#chains = new ChainRecords({ directory, attached: this.#attached, logger, onUnreadable });
    this.#reports = new ChainReports(options.onChains);
  }

  unreadable(): UnreadableRecord[] {
    return [...this.#deletions.unreadable(), ...this.#chains.unreadable()];
  }

  close(): void {
    this.#deletions.close();
    this.#chains.closeFiles();
  }

  /** A VSP has been initialised, which may be another than before: what is attached is read anew. */
  async vspStarted(vsp: VspFunctions): Promise<void> {
    this.#attached.readAnew(this.#options.attachments, this.#options.dpuName);
    for (const { chain } of this.#chains.all()) {
      if (vsp.hasChains) await this.#giveAsChain(chain);
      else await this.#chains.change(chain, lowered);
    }
    this.#vsp = vsp;
    const restorable = vsp.hasChains ? this.#chains.all().filter((record) => this.#canBeRestored(record)) : [];
    this.#restored = new Set(restorable.map(({ chain }) => chain));
  }

  /** The VSP was told everything. */
  vspComplete(): void {
    this.#wasComplete = true;
    const chains = [...this.#chains.all().map(({ chain }) => chain), ...this.#attached.chains()];
    for (const chain of new Set(chains)) this.chainReconciled(chain);
    this.#options.onChains();
  }

  vspAway(): void {
    this.#vsp = undefined;
  }

  /** A function has been attached. @returns whether the VSP gets it by itself, or with its whole chain */
  async attach(nf: NetworkFunction, place: ChainPlace | undefined): Promise<'single' | 'in chain'> {
    if (!this.#vsp) {
      const what = place ? `chain ${place.chain}` : 'network function';
      throw new DpuError('UNAVAILABLE', `${what}: the DPU's VSP is not ready; see its vsp pod`);
    }
    if (!place) {
      await this.#deletions.delete(networkFunctionId(nf));
      this.#attached.addSingle(nf);
      return 'single';
    }
    const { chain, function: name } = place;
    const isLowered = !this.#vsp.hasChains && !this.#isRefused(place);
    this.#attached.addMember({ chain, function: name, networkFunction: nf });
    try {
      await this.#chains.promise(chain, (record) => {
        const ordered = withOrder(record, place);
        return isLowered ? { ...ordered, lowered: true } : ordered;
      });
      if (isLowered) await this.#deletions.delete(networkFunctionId(nf));
    } catch (error) {
      this.forget(nf);
      throw error;
    }
    return isLowered ? 'single' : 'in chain';
  }

  /** Its creation failed: it is not asked for again. */
  forget(nf: NetworkFunction): void {
    this.#attached.forget(nf);
  }

  /** A function is about to lose its interfaces: the VSP hears of it, whatever happens once that is on disk. */
  async detach(nf: NetworkFunction, chain: string | undefined): Promise<void> {
    const isTakenBack = chain !== undefined && (await this.#chains.takeBack(chain, nf));
    if (!isTakenBack && (chain === undefined || !this.#vsp?.hasChains)) {
      await this.#deletions.updateEventually(networkFunctionId(nf), () => nf);
    }
    this.forget(nf);
    if (chain !== undefined) await this.#chains.change(chain, (record) => record);
  }

  /** @throws DpuError RESOURCE_EXHAUSTED where a restart of this daemon would undo what {@link detach} did */
  requireDetachWritten(nf: NetworkFunction, chain: string | undefined): void {
    this.#deletions.requireWritten(networkFunctionId(nf));
    if (chain !== undefined) this.#chains.requireWritten(chain);
  }

  /** @returns whether that is news of a chain that has functions here */
  async setOrder(order: ChainOrder): Promise<boolean> {
    const { chain } = order;
    if (this.#attached.membersOf(chain).length === 0) return false;
    const known = this.#chains.of(chain);
    if (isDeepStrictEqual(known, withOrder(known, order))) return false;
    await this.#chains.promise(chain, (record) => withOrder(record, order));
    return true;
  }

  /** What was to be done for the order that a chain has now was done, or tried. */
  orderTaken(chain: string): void {
    this.#reports.orderTaken(chain, this.#chains.of(chain).generation);
  }

  wishes(): Wish[] {
    const vsp = this.#vsp;
    if (!vsp) return [];
    const held = this.#oneByOne(vsp);
    const dropped = this.#deletions.values().filter((nf) => !held.has(networkFunctionId(nf)));
    const records = vsp.hasChains ? this.#chains.all() : [];
    return [
      ...dropped.map((nf) => wish('drop', nf)),
      ...[...held.values()].map((nf) => wish('hold', nf)),
      ...records.flatMap((record) => this.#chainWish(record) ?? []),
    ];
  }

  #chainWish(record: ChainRecord): Wish | undefined {
    const asked = chainWish(record, this.#attached.membersOf(record.chain));
    if (record.closing) return asked;
    if (this.#restored.has(record.chain)) return appliedWish(record) ?? asked;
    return this.#isRefused(record) ? undefined : asked;
  }

  #canBeRestored(record: ChainRecord): boolean {
    const { chain, applied = [], applyOutcomeUnknown, closing } = record;
    if (applied.length === 0 || applyOutcomeUnknown || closing) return false;
    if (applied.some(({ logicalBridge }) => logicalBridge !== undefined) && !this.#vsp?.perBridge) return false;
    return !chainStatus(record, this.#attached.membersOf(chain)).lost;
  }

  /** Those that the VSP has one by one, by id: of no chain, and of all where it has no chains. */
  #oneByOne({ hasChains }: VspFunctions): Map<string, AttachedFunction> {
    const held = new Map<string, AttachedFunction>(this.#attached.singles);
    for (const { chain, networkFunction } of hasChains ? [] : this.#attached.members()) {
      const record = this.#chains.of(chain);
      if (!this.#isRefused(record)) held.set(networkFunctionId(networkFunction), onBridgeOf(record, networkFunction));
    }
    return held;
  }

  /** It is for one bridge, and the VSP cannot do that: it is not asked for, and what the VSP has of it is left alone. */
  #isRefused({ logicalBridge }: Pick<ChainOrder, 'logicalBridge'>): boolean {
    return logicalBridge !== undefined && !this.#vsp?.perBridge;
  }

  /** What the VSP may have after a crash in the middle of the call is on disk before it. */
  async chainCalled(item: ChainItem): Promise<void> {
    await this.#chains.called(item);
  }

  async chainAcknowledged(call: Action['call'], item: ChainItem): Promise<void> {
    const chain = this.#chains.chainOf(item);
    if (chain === undefined) return;
    this.#restored.delete(chain);
    await this.#chains.acknowledged(chain, call, item);
    const { networkFunctions } = item;
    this.#options.logger.info({ chain, call, networkFunctions }, 'the VSP has taken a change of a chain');
    this.chainReconciled(chain);
  }

  async chainFailed(call: Action['call'], item: ChainItem, error: DpuError): Promise<void> {
    const chain = this.#chains.chainOf(item);
    if (chain === undefined) return;
    this.#restored.delete(chain);
    await this.#chains.failed(chain, call, item, error);
    // A deletion without an answer is repeated: nothing is said of it.
    if (call === 'delete' && outcomeUnknown(error)) return;
    this.#reports.say({ ...aboutChain(this.#chains.of(chain)), phase: 'Refused', message: error.message });
  }

  async functionDropped(nf: NetworkFunction): Promise<void> {
    await this.#deletions.delete(networkFunctionId(nf));
  }

  /** The chains that have functions attached here; undefined until a VSP was told of them since the start. */
  chains(): ChainReport[] | undefined {
    return this.#wasComplete ? this.#reports.list() : undefined;
  }

  /** Reports a chain, where nothing is left to do for it; one without functions here is reported no more. */
  chainReconciled(chain: string): void {
    const members = this.#attached.membersOf(chain);
    if (members.length === 0) {
      this.#reports.forget(chain);
      return;
    }
    if (!this.#vsp) return;
    const report = reportOf(this.#chains.of(chain), members, this.#vsp);
    if (report) this.#reports.say(report);
  }

  /** An earlier VSP without chains was given the functions one by one, and this one may have found them. */
  async #giveAsChain(chain: string): Promise<void> {
    const members = this.#attached.membersOf(chain);
    if (this.#chains.of(chain).lowered) {
      for (const { networkFunction } of members) {
        await this.#deletions.updateEventually(networkFunctionId(networkFunction), () => networkFunction);
      }
    }
    await this.#chains.change(chain, ({ lowered: _, ...record }) =>
      chainStatus(record, members).lost ? { ...record, closing: true } : record,
    );
  }
}

const wish = (order: Wish['order'], networkFunction: NetworkFunction): Wish => ({
  order,
  item: { kind: 'networkFunction', networkFunction },
});
