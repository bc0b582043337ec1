import { expect, test } from 'vitest';
import { trustNames } from '../../api/names/names.ts';
import type { Authority } from './authority.ts';
import { type ObservedTrust, planTrust } from './plan.ts';
import type { AuthorityState, PublishedAuthority } from './published-trust.ts';
import { testAuthority } from './testing/authority.ts';

const now = Date.now();
const hour = 3_600_000;
const own = trustNames.authority;
const [a, b] = await Promise.all([testAuthority(), testAuthority()]);

const observed = (change: Partial<ObservedTrust> = {}): ObservedTrust => ({
  now,
  secretName: own,
  secret: { state: 'usable', authority: a },
  atHand: [],
  published: undefined,
  order: undefined,
  ...change,
});

function published(authority: Authority, state: AuthorityState, secret: string = own, until?: string) {
  const { certificate, fingerprint } = authority;
  return { certificate, fingerprint, secret, state, ...(until !== undefined && { until }) };
}

const holding = (...authorities: PublishedAuthority[]) => ({ authorities });
const states = (change: Partial<ObservedTrust>) =>
  planTrust(observed(change)).authorities?.map(({ fingerprint, state }) => [
    fingerprint === a.fingerprint ? 'a' : 'b',
    state,
  ]);

test('an authority is made where none was ever known', () => {
  expect(planTrust(observed({ secret: { state: 'absent' } })).write).toBe('makeAuthority');
});

test('one that is missing is not replaced', () => {
  const plan = planTrust(observed({ secret: { state: 'absent' }, published: holding(published(a, 'active')) }));
  expect(plan).toMatchObject({ write: undefined, active: undefined });
  expect(plan.condition).toMatchObject({ status: 'False', reason: 'AuthorityMissing' });
  expect(plan.condition.message).toContain('put it back, or delete ConfigMap dpu-channel-trust');
  expect(plan.authorities).toEqual([published(a, 'active')]);
});

test('one that is missing goes on signing as long as this process has it', () => {
  const change = { secret: { state: 'absent' }, atHand: [a], published: holding(published(a, 'active')) } as const;
  expect(planTrust(observed(change)).active).toBe(a);
  expect(planTrust(observed({ ...change, atHand: [b] })).active).toBeUndefined();
});

test('whoever comes back from another Secret gets an authority of the own again', () => {
  const change = { secret: { state: 'absent' }, published: holding(published(b, 'active', 'theirs')) } as const;
  expect(planTrust(observed(change)).write).toBe('makeAuthority');
});

test("somebody else's Secret is never made", () => {
  const plan = planTrust(observed({ secretName: 'theirs', secret: { state: 'absent' } }));
  expect(plan).toMatchObject({ write: undefined, authorities: undefined, active: undefined });
  expect(plan.condition.message).toContain('change spec.trust.caSecretName');
});

test('an authority is published, and signs', () => {
  const plan = planTrust(observed());
  expect(plan.authorities).toEqual([published(a, 'active')]);
  expect(plan.active).toBe(a);
  expect(plan.condition).toMatchObject({ status: 'True', reason: 'Issuing' });
});

test('a rotation goes by orders: the next one counts first, then signs, then the former counts for a day', () => {
  expect(planTrust(observed({ published: holding(published(a, 'active')), order: 'rotate' })).write).toBe('makeNext');
  const withNext = { secret: { state: 'usable', authority: a, next: b } } as const;
  expect(states({ ...withNext, published: holding(published(a, 'active')) })).toEqual([
    ['a', 'active'],
    ['b', 'next'],
  ]);
  expect(planTrust(observed(withNext)).active).toBe(a);
  // Given twice, or found again after a crash.
  expect(planTrust(observed({ ...withNext, order: 'rotate' }))).toMatchObject({ write: undefined, active: a });
  const before = holding(published(a, 'active'), published(b, 'next'));
  expect(planTrust(observed({ ...withNext, order: 'activate', published: before })).write).toBe('activateNext');
  const plan = planTrust(observed({ secret: { state: 'usable', authority: b }, published: before }));
  expect(plan.active).toBe(b);
  expect(plan.authorities?.[1]).toEqual(published(a, 'retired', own, new Date(now + 25 * hour).toISOString()));
  expect(plan.condition.message).toContain('1 former ones count until');
});

test('an activation that was not published is done again, not refused', () => {
  const before = holding(published(a, 'active'), published(b, 'next'));
  const plan = planTrust(observed({ secret: { state: 'usable', authority: b }, published: before, order: 'activate' }));
  expect(plan).toMatchObject({ write: undefined, active: b });
  expect(plan.refusedOrder).toBeUndefined();
});

test('an authority that was not published before does not sign by order', () => {
  const secret = { state: 'usable', authority: a, next: b } as const;
  const plan = planTrust(observed({ secret, published: holding(published(a, 'active')), order: 'activate' }));
  expect(plan).toMatchObject({ write: undefined, active: a });
  expect(plan.refusedOrder).toContain('was not published before');
  expect(plan.authorities?.map(({ state }) => state)).toEqual(['active', 'next']);
});

test('former authorities go at once by order, also of another Secret; one that signs or will stays', () => {
  const until = new Date(now + 25 * hour).toISOString();
  const before = holding(published(a, 'active'), published(b, 'retired', own, until));
  expect(states({ published: before, order: 'drop-former' })).toEqual([['a', 'active']]);
  expect(states({ published: before, order: 'drop-former', secretName: 'theirs' })).toEqual([['a', 'active']]);
  const withNext = { secret: { state: 'usable', authority: a, next: b } } as const;
  const nextToo = holding(published(a, 'active'), published(b, 'next'));
  expect(states({ ...withNext, published: nextToo, order: 'drop-former' })).toEqual([
    ['a', 'active'],
    ['b', 'next'],
  ]);
});

test('a former authority goes at its time, not before', () => {
  const at = (until: number) =>
    states({ published: holding(published(a, 'active'), published(b, 'retired', own, new Date(until).toISOString())) });
  expect(at(now + 1)).toEqual([
    ['a', 'active'],
    ['b', 'retired'],
  ]);
  expect(at(now)).toEqual([['a', 'active']]);
});

test.each([
  ['activate', {}, 'order rotate first'],
  ['exchange', {}, '"exchange" is no order'],
  ['rotate', { secretName: 'theirs' }, "somebody else's"],
  ['drop-former', { secret: { state: 'broken', message: 'x' } }, 'has no authority that signs'],
  ['rotate', { secret: { state: 'broken', message: 'x' } }, 'no authority that could be followed'],
] as const)('the order %s is refused with a reason: %j', (order, change, words) => {
  const plan = planTrust(observed({ ...change, order }));
  expect(plan.write).toBeUndefined();
  expect(plan.refusedOrder).toContain(words);
});

test('a broken Secret is told, and the former authority signs on where it is at hand', () => {
  const secret = { state: 'broken', message: 'tls.key: does not belong to tls.crt' } as const;
  const change = { secretName: 'theirs', secret, atHand: [a], published: holding(published(a, 'active')) };
  const plan = planTrust(observed(change));
  expect(plan.active).toBe(a);
  expect(plan.authorities).toEqual([published(a, 'active')]);
  expect(plan.condition).toMatchObject({ status: 'False', reason: 'AuthorityBroken' });
  expect(plan.condition.message).toContain('Secret theirs: tls.key: does not belong to tls.crt; meanwhile the former');
  expect(planTrust(observed({ ...change, atHand: [] })).condition.message).toContain('no certificate is issued');
});

test('an authority that is about to end is told', async () => {
  const short = await testAuthority(2 * hour);
  const plan = planTrust(observed({ now: Date.now() + 1.9 * hour, secret: { state: 'usable', authority: short } }));
  expect(plan.condition).toMatchObject({ status: 'True', reason: 'ExpiresSoon' });
});
