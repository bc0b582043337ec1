import { orders } from '../../operator/trust/order.ts';
import type { PublishedTrust } from '../../operator/trust/published-trust.ts';
import { type Context, UsageError } from '../context.ts';
import { giveOrder } from './order.ts';
import { ownTrust } from './own-trust.ts';

/**
 * Publishes the authority that is to follow; then, with `activate`, lets it sign. With `dropFormer` those that signed
 * before count no more.
 */
export async function rotate(
  context: Context,
  { activate, dropFormer }: { activate: boolean; dropFormer: boolean },
): Promise<void> {
  if (activate) await letSign(context, await ownTrust(context));
  if (dropFormer) await drop(context, await ownTrust(context));
  if (!activate && !dropFormer) await publishNext(context, await ownTrust(context));
}

async function drop(context: Context, trust: Awaited<ReturnType<typeof ownTrust>>): Promise<void> {
  const former = trust.authorities.filter(({ state }) => state === 'retired');
  if (former.length === 0) return context.print('no former authority counts');
  await giveOrder(context, orders.dropFormer, trust);
  for (const { fingerprint } of former) context.print(`the former does not count any more: ${fingerprint}`);
  context.print('where another cluster trusts this one: dpuctl trust export here, dpuctl trust import there');
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
