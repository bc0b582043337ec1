/**
 * The network functions that count as attached to a DPU side, by themselves and in chains: each from its ADD on, and not
 * from when its attachment was planned.
 */
import type { NetworkFunction } from '@dpu-operator/sdk';
import { networkFunctionId } from '../items.ts';

/** A function of a chain whose two interfaces are attached. */
export interface ChainMember {
  /** `namespace/name` of its ServiceFunctionChain. */
  chain: string;
  /** Its name in the chain, which is its pod's. */
  function: string;
  networkFunction: NetworkFunction;
}

/** The attachments on disk. */
export interface AttachedFunctions {
  /** Those that belong to no chain. */
  networkFunctions(dpuName: string): NetworkFunction[];
  /** Those that do; absent where nobody knows of chains. */
  chainMembers?(dpuName: string): ChainMember[];
  /** Attachments that cannot be read; absent where all can. */
  unreadable?(): readonly string[];
}

export class AttachedIndex {
  readonly #singles = new Map<string, NetworkFunction>();
  readonly #members = new Map<string, ChainMember>();

  /** What is on disk, and nothing else. */
  readAnew(attachments: AttachedFunctions, dpuName: string): void {
    this.#singles.clear();
    for (const nf of attachments.networkFunctions(dpuName)) this.addSingle(nf);
    this.#members.clear();
    for (const member of attachments.chainMembers?.(dpuName) ?? []) this.addMember(member);
  }

  addSingle(nf: NetworkFunction): void {
    this.#singles.set(networkFunctionId(nf), nf);
  }

  addMember(member: ChainMember): void {
    this.#members.set(networkFunctionId(member.networkFunction), member);
  }

  forget(nf: NetworkFunction): void {
    this.#singles.delete(networkFunctionId(nf));
    this.#members.delete(networkFunctionId(nf));
  }

  membersOf(chain: string): ChainMember[] {
    return this.members().filter((member) => member.chain === chain);
  }

  /** Names of chains that have functions. */
  chains(): string[] {
    return this.members().map(({ chain }) => chain);
  }

  /** Those of no chain, by id. */
  get singles(): ReadonlyMap<string, NetworkFunction> {
    return this.#singles;
  }

  members(): ChainMember[] {
    return [...this.#members.values()];
  }
}
