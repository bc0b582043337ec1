/** What is on disk of a chain, and what becomes of it with each call to the VSP. Pure. */
import { z } from 'zod';
import type { AttachedFunction } from '../../attach/collaborators.ts';
import type { ChainOrder } from '../../chains/chain-order.ts';

export const networkFunctionSchema = z.object({
  input: z.string(),
  output: z.string(),
  bridgeId: z.string().exactOptional(),
  logicalBridge: z.string().exactOptional(),
});

export const chainRecordSchema = z.object({
  version: z.literal(1),
  chain: z.string(),
  /** Names of its functions, in the order in which frames from the hosts are to pass them. */
  order: z.array(z.string()),
  /** The generation of the ServiceFunctionChain that has this order. */
  generation: z.int().exactOptional(),
  /** Id of the logical bridge whose frames alone pass it; absent: those of all, as in records of earlier daemons. */
  logicalBridge: z.string().exactOptional(),
  /** What the VSP has as an ordered chain. */
  applied: z.array(networkFunctionSchema).exactOptional(),
  /** The VSP may have something else: it did not answer. */
  applyOutcomeUnknown: z.boolean().exactOptional(),
  /** The VSP is to forget it before anything else: a function of it has gone. */
  closing: z.boolean().exactOptional(),
  /** A VSP without ordered chains was given each function by itself. */
  lowered: z.boolean().exactOptional(),
});
export type ChainRecord = z.infer<typeof chainRecordSchema>;

export const emptyChainRecord = (chain: string): ChainRecord => ({ version: 1, chain, order: [] });

/** What its ServiceFunctionChain says now. */
export function withOrder(
  { logicalBridge: _, ...record }: ChainRecord,
  { functions, logicalBridge, generation }: ChainOrder,
): ChainRecord {
  return { ...record, order: [...functions], generation, ...(logicalBridge !== undefined && { logicalBridge }) };
}

/** A VSP without ordered chains is given each function by itself. */
export function lowered(record: ChainRecord): ChainRecord {
  return { ...deleted(record), lowered: true };
}

/** Before a call: what the VSP may have after a crash in the middle of it. */
export function whileApplied(record: ChainRecord, networkFunctions: readonly AttachedFunction[]): ChainRecord {
  return { ...record, applied: [...networkFunctions], applyOutcomeUnknown: true };
}

/** The VSP has these. */
export function applied(record: ChainRecord, networkFunctions: readonly AttachedFunction[]): ChainRecord {
  return { ...withoutApplied(record), applied: [...networkFunctions] };
}

/** The VSP has forgotten it. */
export function deleted(record: ChainRecord): ChainRecord {
  const { closing: _, ...open } = withoutApplied(record);
  return open;
}

/** The VSP has refused a change: all or nothing, so it has what it had before that. */
export function refused(record: ChainRecord, before: ChainRecord): ChainRecord {
  const rest = withoutApplied(record);
  return before.applied ? { ...rest, applied: before.applied } : rest;
}

function withoutApplied({ applied: _, applyOutcomeUnknown: __, ...rest }: ChainRecord): ChainRecord {
  return rest;
}
