import { type DataProcessingUnit, dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { orders } from '../../operator/trust/order.ts';
import { barredOf } from '../../operator/trust/revocations.ts';
import { identityUri, isRevocable, nodeUri } from '../../trust/identity.ts';
import { type Context, UsageError } from '../context.ts';
import { giveOrder } from './order.ts';
import { ownTrust } from './own-trust.ts';

export interface RevokeOptions {
  /** Issue no other certificate to it, until it is allowed. */
  bar: boolean;
  /** Also when nothing in the cluster has that name. */
  force: boolean;
}

/** Lets no certificate count that the subject has now. */
export async function revoke(context: Context, text: string, { bar, force }: RevokeOptions): Promise<void> {
  const trust = await ownTrust(context);
  const subject = subjectOf(text, trust.installation);
  const { items } = await context.store.list(dataProcessingUnit);
  const known = items.flatMap((dpu) => subjectsOf(dpu, trust.installation));
  if (!force && !known.includes(subject)) {
    throw new UsageError(
      `no DataProcessingUnit is ${subject}; known are ${list(known)}. --force revokes it all the same`,
    );
  }
  const after = await giveOrder(context, bar ? orders.bar(subject) : orders.revoke(subject), trust);
  const { before, barred } = after.revoked.find((revocation) => revocation.subject === subject) ?? {};
  context.print(`certificates of ${subject} from before ${before} do not count any more`);
  if (barred) context.print('it gets no other one, until dpuctl trust allow');
  else context.print('a daemon that runs there gets a new one by itself; --bar keeps it out');
}

/** Lets one that was barred have certificates again. */
export async function allow(context: Context, text: string): Promise<void> {
  const trust = await ownTrust(context);
  const subject = subjectOf(text, trust.installation);
  const barred = barredOf(trust.revoked);
  if (!barred.includes(subject)) throw new UsageError(`${subject} is not barred; barred are ${list(barred)}`);
  await giveOrder(context, orders.allow(subject), trust);
  context.print(`${subject} gets certificates again`);
}

/** @throws UsageError when it names none */
function subjectOf(text: string, installation: string): string {
  const subject = /^(host|dpu)\//.test(text) ? `spiffe://${installation}/${text}` : text;
  if (isRevocable(subject)) return subject;
  throw new UsageError(`${text} is neither an identity (dpuctl trust list) nor host/<node> or dpu/<node>`);
}

function subjectsOf({ metadata, spec }: DataProcessingUnit, installation: string): string[] {
  const side = spec.isDpuSide ? 'dpu' : 'host';
  const identity = { installation, side, node: spec.nodeName, dpu: metadata.name } as const;
  return [identityUri(identity), nodeUri(identity)];
}

function list(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ') || 'none';
}
