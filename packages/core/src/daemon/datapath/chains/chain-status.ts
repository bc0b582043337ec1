/** What of a chain is attached, and what its VSP shall have of it. Pure. */
import { createHash } from 'node:crypto';
import type { AttachedFunction } from '../../attach/collaborators.ts';
import { networkFunctionId } from '../items.ts';
import type { Wish } from '../plan.ts';
import type { ChainMember } from './attached-index.ts';
import type { ChainRecord } from './chain-record.ts';

export interface ChainStatus {
  /** All functions in order, where all are attached. */
  whole?: AttachedFunction[];
  /** Names of those that are not. */
  missing: string[];
  /** A function that the VSP was given is attached no more. */
  lost: boolean;
}

export function chainStatus(record: ChainRecord, members: readonly ChainMember[]): ChainStatus {
  const attached = new Map(members.map((member) => [member.function, onBridgeOf(record, member.networkFunction)]));
  const missing = record.order.filter((name) => !attached.has(name));
  const whole = record.order.flatMap((name) => attached.get(name) ?? []);
  const ids = new Set([...attached.values()].map(networkFunctionId));
  const lost = record.applied?.some((nf) => !ids.has(networkFunctionId(nf))) ?? false;
  if (whole.length === 0 || missing.length > 0) return { missing, lost };
  return { whole, missing, lost };
}

/**
 * What a VSP with ordered chains shall have of a chain: nothing until all its functions are attached, then what it has
 * until all of the next order are. undefined where there is nothing to ask for.
 */
export function chainWish(record: ChainRecord, members: readonly ChainMember[]): Wish | undefined {
  const id = chainId(record.chain);
  const { whole } = chainStatus(record, members);
  const networkFunctions = whole ?? record.applied ?? [];
  if (record.closing) return { order: 'drop', item: { kind: 'chain', id, networkFunctions: record.applied ?? [] } };
  return networkFunctions.length === 0
    ? undefined
    : { order: 'hold', item: { kind: 'chain', id, networkFunctions: [...networkFunctions] } };
}

/** What the VSP has accepted last of a chain. undefined where that is nothing. */
export function appliedWish({ chain, applied }: ChainRecord): Wish | undefined {
  return applied && { order: 'hold', item: { kind: 'chain', id: chainId(chain), networkFunctions: applied } };
}

/** A function of a chain, for the logical bridge that the chain is for. */
export const onBridgeOf = ({ logicalBridge }: ChainRecord, nf: AttachedFunction): AttachedFunction =>
  logicalBridge === undefined ? nf : { ...nf, logicalBridge };

/** The id of a chain's resource: 4 to 63 of a-z, 0-9 and -. The hash tells `a-b/c` from `a/b-c`. */
export function chainId(chain: string): string {
  const hash = createHash('sha256').update(chain).digest('hex').slice(0, 8);
  return `${chain.replace(/[^a-z0-9-]/g, '-').slice(0, 63 - hash.length - 1)}-${hash}`;
}
