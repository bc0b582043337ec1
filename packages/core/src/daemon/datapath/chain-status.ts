/** A chain as it is recorded, what of it is attached, and what its VSP shall have. Pure. */
import { createHash } from 'node:crypto';
import type { NetworkFunction } from '@dpu-operator/sdk';
import { z } from 'zod';
import { networkFunctionId } from './items.ts';
import type { Wish } from './plan.ts';

/** A function of a chain whose two interfaces are attached. */
export interface ChainMember {
  /** `namespace/name` of its ServiceFunctionChain. */
  chain: string;
  /** Its name in the chain, which is its pod's. */
  function: string;
  networkFunction: NetworkFunction;
}

export const networkFunctionSchema = z.object({
  input: z.string(),
  output: z.string(),
  bridgeId: z.string().exactOptional(),
});

const currentSchema = z.object({
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
export type ChainRecord = z.infer<typeof currentSchema>;

/** As written before records had a version. */
const unversionedSchema = z
  .object({
    chain: z.string(),
    order: z.array(z.string()),
    given: z.array(networkFunctionSchema).exactOptional(),
    uncertain: z.boolean().exactOptional(),
    deleting: z.boolean().exactOptional(),
  })
  .transform(({ chain, order, given, uncertain, deleting }): ChainRecord => {
    const record: ChainRecord = { version: 1, chain, order };
    if (given) record.applied = given;
    else record.lowered = true;
    if (uncertain) record.applyOutcomeUnknown = true;
    if (deleting) record.closing = true;
    return record;
  });

export const chainRecordSchema = z.union([currentSchema, unversionedSchema]);

export interface ChainStatus {
  /** All functions in order, where all are attached. */
  whole?: NetworkFunction[];
  /** Names of those that are not. */
  missing: string[];
  /** A function that the VSP was given is attached no more. */
  lost: boolean;
}

export function chainStatus(record: ChainRecord, members: readonly ChainMember[]): ChainStatus {
  const attached = new Map(members.map((member) => [member.function, member.networkFunction]));
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

/** The id of a chain's resource: 4 to 63 of a-z, 0-9 and -. The hash tells `a-b/c` from `a/b-c`. */
export function chainId(chain: string): string {
  const hash = createHash('sha256').update(chain).digest('hex').slice(0, 8);
  return `${chain.replace(/[^a-z0-9-]/g, '-').slice(0, 63 - hash.length - 1)}-${hash}`;
}
