/** Orders by an annotation of ConfigMap `dpu-channel-trust`, which `dpuctl trust` writes and the operator takes off. */
import { isRevocable } from '../../trust/identity.ts';

export const orders = {
  /** Make the authority that is to follow, and publish it. */
  rotate: 'rotate',
  /** Let it sign. */
  activate: 'activate',
  /** Let those that signed before count no more, at once. */
  dropFormer: 'drop-former',
  /** Let certificates from before now not count; an identity, or one side of a node, follows. */
  revoke: (subject: string): string => `${revokeOrder}${subject}`,
} as const;

export const revokeOrder = 'revoke ';

/** What an order revokes, or why it cannot; undefined when it is another order. */
export function revokedBy(
  order: string | undefined,
  installation: string,
): { subject: string; refused?: undefined } | { subject?: undefined; refused: string } | undefined {
  if (!order?.startsWith(revokeOrder)) return undefined;
  const subject = order.slice(revokeOrder.length);
  if (!isRevocable(subject)) return { refused: `${subject} is neither an identity nor a side of a node` };
  if (subject.startsWith(`spiffe://${installation}/`)) return { subject };
  const refused = `${subject} is not of this installation (${installation}): revoke it where its certificates are made`;
  return { refused };
}
