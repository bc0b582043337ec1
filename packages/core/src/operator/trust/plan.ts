/**
 * Which authority signs, which ones count, and what is said of it. Pure.
 *
 *   next ──activate──► active ──another signs──► retired ──its last certificate has expired, or drop-former──► gone
 *
 * An authority stands in `ca.crt` before it signs. One is made only where none was ever known: a Secret that is
 * missing is put back by an administrator, or given up by deleting the ConfigMap.
 */
import type { ConditionInput } from '../../api/fields/conditions.ts';
import { trustNames } from '../../api/names/names.ts';
import { type Authority, leafLifetimeMs } from './authority.ts';
import { isSubjectOrder, orders } from './order.ts';
import type { PublishedAuthority, PublishedTrust } from './published-trust.ts';

export type SecretState =
  /** The API server says that there is none. */
  | { state: 'absent' }
  | { state: 'broken'; message: string }
  /** `fault` is what is wrong with the authority that is to follow. */
  | { state: 'usable'; authority: Authority; next?: Authority; fault?: string };

export interface ObservedTrust {
  /** Milliseconds since 1970. */
  now: number;
  /** The Secret that is to sign. */
  secretName: string;
  secret: SecretState;
  /** Authorities that are at hand beside: the one that signed last, and the operator's own. */
  atHand: readonly Authority[];
  /** Absent for certain when undefined. */
  published: Omit<PublishedTrust, 'installation' | 'revoked'> | undefined;
  order: string | undefined;
}

/** What to do to the Secret first; the plan is made anew then. */
export type SecretWrite = 'makeAuthority' | 'makeNext' | 'activateNext';

export interface TrustPlan {
  write: SecretWrite | undefined;
  /** What `ca.crt` is to say; undefined when nothing is to be published. */
  authorities: PublishedAuthority[] | undefined;
  /** Signs, once it is published. */
  active: Authority | undefined;
  condition: Omit<ConditionInput, 'type'>;
  /** Why an order cannot be followed. */
  refusedOrder?: string;
}

/** How much longer than a certificate lives its authority counts: for clocks, and for one that is just being signed. */
const retirementMs = leafLifetimeMs + 3_600_000;
const dayMs = 24 * 3_600_000;

export function planTrust(observed: ObservedTrust): TrustPlan {
  const { secret, published } = observed;
  if (mayMake(observed)) return { ...nothing, write: 'makeAuthority', condition: making };
  const order = planOrder(observed);
  if (order.write) return { ...nothing, write: order.write, condition: making };
  const active = signer(observed);
  const next = secret.state === 'usable' ? secret.next : undefined;
  const authorities = active ? authoritiesWith(active, next, observed) : published?.authorities;
  const condition = conditionOf(observed, active, authorities ?? []);
  return {
    write: undefined,
    authorities,
    active,
    condition,
    ...(order.refused !== undefined && { refusedOrder: order.refused }),
  };
}

const nothing = { authorities: undefined, active: undefined } as const;
const making = { status: 'False', reason: 'MakingAuthority', message: 'the authority is being made' } as const;

/** Only the operator's own, and only where no certificate hangs on one that was there. */
function mayMake({ secretName, secret, published }: ObservedTrust): boolean {
  if (secretName !== trustNames.authority || secret.state !== 'absent') return false;
  if (!published) return true;
  const active = published.authorities.find(({ state }) => state === 'active');
  return active !== undefined && active.secret !== trustNames.authority;
}

function planOrder(observed: ObservedTrust): { write?: SecretWrite; refused?: string } {
  const { order, secretName, secret } = observed;
  if (order === undefined || isSubjectOrder(order)) return {};
  if (order === orders.dropFormer) return planDrop(observed);
  if (order !== orders.rotate && order !== orders.activate) {
    return {
      refused: `${JSON.stringify(order)} is no order: it is rotate, activate, drop-former, or revoke, bar or allow with an identity`,
    };
  }
  if (secretName !== trustNames.authority) {
    return { refused: `Secret ${secretName} is somebody else's: exchange the authority where it is made` };
  }
  if (secret.state !== 'usable') return { refused: `Secret ${secretName} has no authority that could be followed` };
  if (order === orders.rotate) return secret.next ? {} : { write: 'makeNext' };
  return planActivation(observed, secret.authority, secret.next);
}

/** What is published tells a Secret that was changed for this order from one that has nothing to activate. */
function planActivation(
  { published }: ObservedTrust,
  authority: Authority,
  next: Authority | undefined,
): { write?: SecretWrite; refused?: string } {
  const isPublishedNext = ({ fingerprint }: Authority) =>
    published?.authorities.some((known) => known.fingerprint === fingerprint && known.state === 'next');
  if (next) {
    if (isPublishedNext(next)) return { write: 'activateNext' };
    return { refused: 'the next authority was not published before: order activate again once every cluster knows it' };
  }
  if (isPublishedNext(authority)) return {};
  return { refused: 'there is no next authority: order rotate first' };
}

/** Somebody else's authority too may have to go at once. Without one that signs nothing would count afterwards. */
function planDrop({ secret, secretName }: ObservedTrust): { refused?: string } {
  if (secret.state === 'usable') return {};
  return { refused: `Secret ${secretName} has no authority that signs; without one the former cannot go` };
}

/** Where the Secret cannot sign, the authority that signed before does, if it is at hand. */
function signer({ secret, atHand, published }: ObservedTrust): Authority | undefined {
  if (secret.state === 'usable') return secret.authority;
  const before = published?.authorities.find(({ state }) => state === 'active');
  return atHand.find(({ fingerprint }) => fingerprint === before?.fingerprint);
}

function authoritiesWith(
  active: Authority,
  next: Authority | undefined,
  { now, secret, secretName, published, order }: ObservedTrust,
): PublishedAuthority[] {
  const before = published?.authorities ?? [];
  const kept = before.find(({ fingerprint }) => fingerprint === active.fingerprint);
  const entry = ({ certificate, fingerprint }: Authority, state: 'active' | 'next'): PublishedAuthority => ({
    fingerprint,
    secret: secret.state === 'usable' ? secretName : (kept?.secret ?? secretName),
    state,
    certificate,
  });
  const current = [entry(active, 'active'), ...(next ? [entry(next, 'next')] : [])];
  if (order === orders.dropFormer && secret.state === 'usable') return current;
  const names = current.map(({ fingerprint }) => fingerprint);
  const others = before.filter(({ fingerprint }) => !names.includes(fingerprint));
  return [...current, ...others.map((other) => retire(other, now)).filter(({ until }) => Date.parse(until) > now)];
}

function retire(authority: PublishedAuthority, now: number): PublishedAuthority & { until: string } {
  const until = authority.state === 'retired' ? authority.until : undefined;
  return { ...authority, state: 'retired', until: until ?? new Date(now + retirementMs).toISOString() };
}

function conditionOf(
  observed: ObservedTrust,
  active: Authority | undefined,
  authorities: readonly PublishedAuthority[],
): TrustPlan['condition'] {
  const { secret, secretName, now } = observed;
  if (secret.state !== 'usable') return problem(secret, secretName, active);
  const { authority, next, fault } = secret;
  if (fault !== undefined) {
    const message = `Secret ${secretName}: ${fault}; the authority in tls.crt goes on signing; remove next.crt and next.key`;
    return { status: 'False', reason: 'AuthorityBroken', message };
  }
  const retired = authorities.filter(({ state }) => state === 'retired');
  const parts = [`Secret ${secretName} signs the daemons' certificates until ${day(authority.notAfter)}`];
  if (next)
    parts.push(
      'the next authority is published: import the trust again elsewhere, then dpuctl trust rotate --activate',
    );
  if (retired.length > 0) {
    const last = retired
      .map(({ until }) => until ?? '')
      .sort()
      .at(-1);
    parts.push(`${retired.length} former ones count until ${last}`);
  }
  const message = parts.join('; ');
  if (authority.notAfter - now > warningMs(authority)) return { status: 'True', reason: 'Issuing', message };
  const hint = secretName === trustNames.authority ? 'exchange it: dpuctl trust rotate' : 'renew it where it is made';
  return { status: 'True', reason: 'ExpiresSoon', message: `${message}; ${hint}` };
}

/** A tenth of its life, a month at most. */
function warningMs({ notBefore, notAfter }: Authority): number {
  return Math.min(30 * dayMs, (notAfter - notBefore) / 10);
}

function problem(
  secret: Exclude<SecretState, { state: 'usable' }>,
  secretName: string,
  active: Authority | undefined,
): TrustPlan['condition'] {
  const meanwhile = active
    ? `meanwhile the former authority signs, until ${day(active.notAfter)}`
    : 'no certificate is issued; those that there are count until they expire';
  if (secret.state === 'broken') {
    const message = `Secret ${secretName}: ${secret.message}; ${meanwhile}`;
    return { status: 'False', reason: 'AuthorityBroken', message };
  }
  const remedy =
    secretName === trustNames.authority
      ? `put it back, or delete ConfigMap ${trustNames.configMap} for a new one, which other clusters have to import again`
      : 'make it, or change spec.trust.caSecretName';
  return {
    status: 'False',
    reason: 'AuthorityMissing',
    message: `Secret ${secretName} is not there; ${remedy}; ${meanwhile}`,
  };
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
