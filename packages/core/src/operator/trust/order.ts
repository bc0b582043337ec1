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
  revoke: (subject: string): string => `revoke ${subject}`,
  /** The same, and issue none until it is allowed again. */
  bar: (subject: string): string => `bar ${subject}`,
  /** Issue certificates again to one that was barred. */
  allow: (subject: string): string => `allow ${subject}`,
} as const;

const subjectVerbs = ['revoke', 'bar', 'allow'] as const;

export interface SubjectOrder {
  verb: (typeof subjectVerbs)[number];
  subject: string;
}

/** Whether it is about certificates, and not about the authority. */
export function isSubjectOrder(order: string): boolean {
  return subjectVerbs.some((verb) => order.startsWith(`${verb} `));
}

/** What an order revokes, bars or allows, or why it cannot; undefined when it is another order. */
export function subjectOrder(
  order: string | undefined,
  installation: string,
): SubjectOrder | { subject?: undefined; refused: string } | undefined {
  const verb = subjectVerbs.find((candidate) => order?.startsWith(`${candidate} `));
  if (order === undefined || verb === undefined) return undefined;
  const subject = order.slice(verb.length + 1);
  if (!isRevocable(subject)) return { refused: `${subject} is neither an identity nor a side of a node` };
  if (subject.startsWith(`spiffe://${installation}/`)) return { verb, subject };
  const refused = `${subject} is not of this installation (${installation}): revoke it where its certificates are made`;
  return { refused };
}
