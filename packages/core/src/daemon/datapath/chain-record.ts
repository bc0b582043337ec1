/** What is on disk of a chain, and what becomes of it with each call to the VSP. Pure. */
import type { NetworkFunction } from '@dpu-operator/sdk';
import { z } from 'zod';

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

/** Before a call: what the VSP may have after a crash in the middle of it. */
export function whileApplied(record: ChainRecord, networkFunctions: readonly NetworkFunction[]): ChainRecord {
  return { ...record, applied: [...networkFunctions], applyOutcomeUnknown: true };
}

/** The VSP has these. */
export function applied(record: ChainRecord, networkFunctions: readonly NetworkFunction[]): ChainRecord {
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
