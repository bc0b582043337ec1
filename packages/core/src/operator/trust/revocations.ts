/** What is revoked, for whom a certificate was issued. Pure. */
import type { Revocation } from '../../trust/bundle.ts';
import { nodeUri, parseIdentity } from '../../trust/identity.ts';
import { leafLifetimeMs } from './authority.ts';
import type { SubjectOrder } from './order.ts';

/** By identity: when its last certificate was issued, in milliseconds since 1970. */
export type Issued = ReadonlyMap<string, number>;

/** After that no certificate from before the revocation can be valid. */
const keptMs = leafLifetimeMs + 3_600_000;

/** Certificates issued before that time have expired. */
export function expiredBefore(now: number): number {
  return now - keptMs;
}

/** Whether a certificate of that time of issue may be valid still. */
export function mayBeValid(issued: number, now: number): boolean {
  return issued > expiredBefore(now);
}

/**
 * More of one side of a node are revoked as one. Those of its certificates that are to count are asked for anew by the
 * node's daemon.
 */
const mostOfNode = 8;

/** @returns whether a certificate of an identity and a time of issue is revoked */
export function revocationLookUp(revoked: readonly Revocation[]): (identity: string, issued: number) => boolean {
  const times = new Map<string, number>();
  for (const { subject, before } of revoked) {
    times.set(subject, Math.max(Date.parse(before), times.get(subject) ?? Number.NEGATIVE_INFINITY));
  }
  const isBefore = (subject: string | undefined, issued: number) =>
    subject !== undefined && (times.get(subject) ?? Number.NEGATIVE_INFINITY) > issued;
  return (identity, issued) => isBefore(identity, issued) || isBefore(nodeOf(identity), issued);
}

/**
 * @param gone identities whose DataProcessingUnit is gone for certain
 * @returns the same array when nothing changes
 */
export function revocationsWith(
  revoked: readonly Revocation[],
  issued: Issued,
  gone: readonly string[],
  now: number,
): readonly Revocation[] {
  const kept = revoked.filter(({ before, barred }) => barred || Date.parse(before) + keptMs > now);
  const isRevoked = revocationLookUp(kept);
  const added = gone.filter((identity) => {
    const at = issued.get(identity);
    return at !== undefined && mayBeValid(at, now) && !isRevoked(identity, at);
  });
  if (added.length === 0 && kept.length === revoked.length) return revoked;
  const anew = new Set(added);
  const others = kept.filter(({ subject }) => !anew.has(subject));
  const before = new Date(now).toISOString();
  return joined([...others, ...added.map((subject) => ({ subject, before }))]);
}

/** One revocation of a side of a node in the place of many of its identities. */
function joined(revoked: readonly Revocation[]): Revocation[] {
  // A bar is of the one whom it names.
  const barred = revoked.filter((revocation) => revocation.barred);
  const others = revoked.filter((revocation) => !revocation.barred);
  const byNode = Map.groupBy(others, ({ subject }) => nodeOf(subject) ?? subject);
  const fewer = [...byNode].flatMap(([subject, its]) => {
    if (its.length <= mostOfNode) return its;
    const before = its.map((revocation) => revocation.before).reduce((a, b) => (Date.parse(a) > Date.parse(b) ? a : b));
    return [{ subject, before }];
  });
  return [...barred, ...fewer];
}

/** The side of a node that an identity belongs to; undefined when it is no identity. */
function nodeOf(subject: string): string | undefined {
  const identity = parseIdentity(subject);
  return identity && nodeUri(identity);
}

/** A certificate that is being signed at the moment of a bar is revoked by it too. */
const signingMs = 60_000;

/** An administrator's order: no certificate of the subject from before now counts, and a barred one gets none. */
export function revocationsByOrder(
  revoked: readonly Revocation[],
  { verb, subject }: SubjectOrder,
  now: number,
): Revocation[] {
  const others = revoked.filter((revocation) => revocation.subject !== subject);
  const known = revoked.find((revocation) => revocation.subject === subject);
  if (verb === 'allow') return known ? [...others, { subject, before: known.before }] : others;
  if (verb === 'revoke' && !known?.barred) return [...others, { subject, before: new Date(now).toISOString() }];
  return [...others, { subject, before: new Date(now + signingMs).toISOString(), barred: true }];
}

/** Who gets no certificate. */
export function barredOf(revoked: readonly Revocation[]): string[] {
  return revoked.filter(({ barred }) => barred).map(({ subject }) => subject);
}
