/** What is revoked, for whom a certificate was issued. Pure. */
import type { Revocation } from '../../trust/bundle.ts';
import { leafLifetimeMs } from './authority.ts';

/** By identity: when its last certificate was issued, in milliseconds since 1970. */
export type Issued = ReadonlyMap<string, number>;

/** After that no certificate from before the revocation can be valid. */
const keptMs = leafLifetimeMs + 3_600_000;

/** Whether a certificate of that time of issue may be valid still. */
export function mayBeValid(issued: number, now: number): boolean {
  return issued + keptMs > now;
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
  const kept = revoked.filter(({ before }) => Date.parse(before) + keptMs > now);
  const covered = (subject: string, at: number) =>
    kept.some((revocation) => revocation.subject === subject && Date.parse(revocation.before) > at);
  const added = gone.filter((subject) => {
    const at = issued.get(subject);
    return at !== undefined && mayBeValid(at, now) && !covered(subject, at);
  });
  if (added.length === 0 && kept.length === revoked.length) return revoked;
  const others = kept.filter(({ subject }) => !added.includes(subject));
  const before = new Date(now).toISOString();
  return [...others, ...added.map((subject) => ({ subject, before }))];
}

/** An administrator's order: no certificate of the subject from before now counts. */
export function revocationsByOrder(revoked: readonly Revocation[], subject: string, now: number): Revocation[] {
  const others = revoked.filter((revocation) => revocation.subject !== subject);
  return [...others, { subject, before: new Date(now).toISOString() }];
}
