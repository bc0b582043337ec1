import { type DataProcessingUnit, dataProcessingUnit } from '../../api/data-processing-unit.ts';
import { orders } from '../../operator/trust/order.ts';
import { identityUri, isRevocable, nodeUri } from '../../trust/identity.ts';
import { type Context, UsageError } from '../context.ts';
import { giveOrder } from './order.ts';
import { ownTrust } from './own-trust.ts';

/** Lets no certificate count that the subject has now. @param force also when nothing in the cluster has that name */
export async function revoke(context: Context, text: string, force: boolean): Promise<void> {
  const trust = await ownTrust(context);
  const subject = /^(host|dpu)\//.test(text) ? `spiffe://${trust.installation}/${text}` : text;
  if (!isRevocable(subject)) {
    throw new UsageError(`${text} is neither an identity (dpuctl trust list) nor host/<node> or dpu/<node>`);
  }
  const { items } = await context.store.list(dataProcessingUnit);
  const known = items.flatMap((dpu) => subjectsOf(dpu, trust.installation));
  if (!force && !known.includes(subject)) {
    throw new UsageError(
      `no DataProcessingUnit is ${subject}; known are ${list(known)}. --force revokes it all the same`,
    );
  }
  const after = await giveOrder(context, orders.revoke(subject), trust);
  const { before } = after.revoked.find((revocation) => revocation.subject === subject) ?? {};
  context.print(`certificates of ${subject} from before ${before} do not count any more`);
  context.print('a daemon that runs there gets a new one by itself; to keep it out see docs/trust.md, Revoke');
}

function subjectsOf({ metadata, spec }: DataProcessingUnit, installation: string): string[] {
  const side = spec.isDpuSide ? 'dpu' : 'host';
  const identity = { installation, side, node: spec.nodeName, dpu: metadata.name } as const;
  return [identityUri(identity), nodeUri(identity)];
}

function list(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ') || 'none';
}
