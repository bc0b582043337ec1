/** A chain as it is recorded, and what of it is attached. Pure. */
import { createHash } from 'node:crypto';
import type { NetworkFunction } from '@dpu-operator/sdk';
import { z } from 'zod';

/** A function of a chain whose two interfaces are attached. */
export interface ChainMember {
  /** `namespace/name` of its ServiceFunctionChain. */
  chain: string;
  /** Its name in the chain, which is its pod's. */
  function: string;
  networkFunction: NetworkFunction;
}

const networkFunction = z.object({ input: z.string(), output: z.string(), bridgeId: z.string().exactOptional() });

export const chainRecord = z.object({
  chain: z.string(),
  /** Names of its functions, in the order in which frames from the hosts are to pass them. */
  order: z.array(z.string()),
  /** What the VSP has as an ordered chain. */
  given: z.array(networkFunction).exactOptional(),
  /** The VSP may have something else: it did not answer, or may have started anew. */
  uncertain: z.boolean().exactOptional(),
  /** The VSP is to forget it before anything else. */
  deleting: z.boolean().exactOptional(),
});
export type ChainRecord = z.infer<typeof chainRecord>;

export interface Standing {
  /** All functions in order, where all are attached. */
  whole?: NetworkFunction[];
  /** Names of those that are not. */
  missing: string[];
  /** A function that the VSP was given is attached no more. */
  lost: boolean;
}

export function standing(record: ChainRecord, members: readonly ChainMember[]): Standing {
  const attached = new Map(members.map((member) => [member.function, member.networkFunction]));
  const missing = record.order.filter((name) => !attached.has(name));
  const whole = record.order.flatMap((name) => attached.get(name) ?? []);
  const isAttached = (given: NetworkFunction) => [...attached.values()].some((nf) => sameFunctions([nf], [given]));
  const lost = record.given !== undefined && !record.given.every(isAttached);
  return { ...(whole.length > 0 && missing.length === 0 && { whole }), missing, lost };
}

export function sameFunctions(a: readonly NetworkFunction[], b: readonly NetworkFunction[]): boolean {
  const key = ({ input, output }: NetworkFunction) => `${input} ${output}`;
  return a.map(key).join() === b.map(key).join();
}

/** The id of a chain's resource: 4 to 63 of a-z, 0-9 and -. The hash tells `a-b/c` from `a/b-c`. */
export function chainId(chain: string): string {
  const hash = createHash('sha256').update(chain).digest('hex').slice(0, 8);
  return `${chain.replace(/[^a-z0-9-]/g, '-').slice(0, 63 - hash.length - 1)}-${hash}`;
}
