/** The chains of a DPU side on disk: the order of each, and what the VSP was given of it. */
import type { DpuError, NetworkFunction } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { Records } from '../../state/records.ts';
import type { UnreadableRecord } from '../../state/set-aside.ts';
import { type ChainItem, networkFunctionId } from '../items.ts';
import type { Action } from '../plan.ts';
import { outcomeUnknown } from '../target.ts';
import type { AttachedIndex } from './attached-index.ts';
import {
  applied,
  type ChainRecord,
  chainRecordSchema,
  deleted,
  emptyChainRecord,
  refused,
  whileApplied,
} from './chain-record.ts';
import { chainId } from './chain-status.ts';

export interface ChainRecordsOptions {
  /** The DPU's directory of records. */
  directory: string;
  attached: AttachedIndex;
  onUnreadable?: (() => void) | undefined;
  logger: Logger;
}

export class ChainRecords {
  readonly #attached: AttachedIndex;
  readonly #records: Records<ChainRecord>;
  /** By chain id: what was known before the call that is under way. */
  readonly #before = new Map<string, ChainRecord>();

  constructor({ directory, attached, logger, onUnreadable }: ChainRecordsOptions) {
    this.#attached = attached;
    this.#records = new Records({
      directory: `${directory}/chains`,
      schema: chainRecordSchema,
      what: 'chain',
      logger,
      onUnreadable,
    });
  }

  unreadable(): readonly UnreadableRecord[] {
    return this.#records.unreadable();
  }

  closeFiles(): void {
    this.#records.close();
  }

  all(): ChainRecord[] {
    return this.#records.values();
  }

  of(chain: string): ChainRecord {
    return this.#records.get(chainId(chain)) ?? emptyChainRecord(chain);
  }

  /** Of which chain a call to the VSP is; undefined where nobody knows it any more. */
  chainOf({ id }: ChainItem): string | undefined {
    return this.#records.get(id)?.chain;
  }

  /** What is already so: a full disk changes nothing about it. */
  async change(chain: string, change: (record: ChainRecord) => ChainRecord): Promise<void> {
    await this.#records.updateEventually(chainId(chain), (known) => this.#needed(chain, known, change));
  }

  /** What is promised: on disk when it resolves. @throws DpuError RESOURCE_EXHAUSTED */
  async promise(chain: string, change: (record: ChainRecord) => ChainRecord): Promise<void> {
    await this.#records.update(chainId(chain), (known) => this.#needed(chain, known, change));
  }

  /** @throws DpuError RESOURCE_EXHAUSTED where a restart of this daemon would undo what was changed */
  requireWritten(chain: string): void {
    this.#records.requireWritten(chainId(chain));
  }

  /** @returns whether the VSP has, or may have, the function in its chain, which is then taken from it */
  async takeBack(chain: string, nf: NetworkFunction): Promise<boolean> {
    const record = await this.#records.updateEventually(chainId(chain), (known) => {
      const isApplied = known?.applied?.some((one) => networkFunctionId(one) === networkFunctionId(nf)) ?? false;
      if (!known?.applied || !(isApplied || known.applyOutcomeUnknown)) return known;
      return { ...known, closing: true };
    });
    return record?.closing ?? false;
  }

  async called({ id, networkFunctions }: ChainItem): Promise<void> {
    await this.#records.update(id, (record) => {
      if (!record) return undefined;
      this.#before.set(id, record);
      return whileApplied(record, networkFunctions);
    });
  }

  async acknowledged(chain: string, call: Action['call'], { networkFunctions }: ChainItem): Promise<void> {
    await this.change(chain, (record) => (call === 'delete' ? deleted(record) : applied(record, networkFunctions)));
  }

  async failed(chain: string, call: Action['call'], { id }: ChainItem, error: DpuError): Promise<void> {
    const before = this.#before.get(id);
    if (call === 'delete' || !before || outcomeUnknown(error) || before.applyOutcomeUnknown) return;
    await this.change(chain, (record) => refused(record, before));
  }

  /** A chain that has nothing here any more, neither attached nor at the VSP, needs no record. */
  #needed(
    chain: string,
    known: ChainRecord | undefined,
    change: (record: ChainRecord) => ChainRecord,
  ): ChainRecord | undefined {
    const record = change(known ?? emptyChainRecord(chain));
    const isNeeded = this.#attached.membersOf(chain).length > 0 || record.applied || record.closing;
    return isNeeded ? record : undefined;
  }
}
