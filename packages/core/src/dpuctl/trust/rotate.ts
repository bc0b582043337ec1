import { orders } from '../../operator/trust/order.ts';
import type { PublishedTrust } from '../../operator/trust/published-trust.ts';
import { type Context, UsageError } from '../context.ts';
import { giveOrder } from './order.ts';
import { ownTrust } from './own-trust.ts';

/** Publishes the authority that is to follow; then, with `activate`, lets it sign. */
export async function rotate(context: Context, activate: boolean): Promise<void> {
  const trust = await ownTrust(context);
  if (activate) await letSign(context, trust);
  else await publishNext(context, trust);
}

async function publishNext(context: Context, trust: Awaited<ReturnType<typeof ownTrust>>): Promise<void> {
  const known = nextOf(trust);
  const next = known ?? nextOf(await giveOrder(context, orders.rotate, trust));
  const state = known ? 'is published already' : 'is published';
  context.print(`the next authority ${state}: ${next}`);
  context.print('where another cluster trusts this one: dpuctl trust export here, dpuctl trust import there');
  context.print('then: dpuctl trust rotate --activate');
}

async function letSign(context: Context, trust: Awaited<ReturnType<typeof ownTrust>>): Promise<void> {
  if (nextOf(trust) === undefined) {
    throw new UsageError('there is no next authority yet; publish it first: dpuctl trust rotate');
  }
  const after = await giveOrder(context, orders.activate, trust);
  const active = after.authorities.find(({ state }) => state === 'active');
  const former = after.authorities.find(({ fingerprint }) => fingerprint === activeOf(trust));
  context.print(`the authority that signs now: ${active?.fingerprint}`);
  if (former) context.print(`the former counts until ${former.until}: ${former.fingerprint}`);
}

function nextOf({ authorities }: PublishedTrust): string | undefined {
  return authorities.find(({ state }) => state === 'next')?.fingerprint;
}

function activeOf({ authorities }: PublishedTrust): string | undefined {
  return authorities.find(({ state }) => state === 'active')?.fingerprint;
}
