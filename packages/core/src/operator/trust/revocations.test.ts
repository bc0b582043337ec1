import { expect, test } from 'vitest';
import { barredOf, revocationLookUp, revocationsByOrder, revocationsWith } from './revocations.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const hour = 3_600_000;
const at = (hours: number) => new Date(now + hours * hour).toISOString();

test('who is gone is revoked, once', () => {
  const issued = new Map([['spiffe://a/host/n/d', now - hour]]);
  const revoked = revocationsWith([], issued, ['spiffe://a/host/n/d'], now);
  expect(revoked).toEqual([{ subject: 'spiffe://a/host/n/d', before: at(0) }]);
  expect(revocationsWith(revoked, issued, ['spiffe://a/host/n/d'], now + hour)).toBe(revoked);
});

test('who was given another certificate since and is gone again is revoked anew', () => {
  const issued = new Map([['spiffe://a/host/n/d', now - hour]]);
  const before = [{ subject: 'spiffe://a/host/n/d', before: at(-2) }];
  expect(revocationsWith(before, issued, ['spiffe://a/host/n/d'], now)).toEqual([
    { subject: 'spiffe://a/host/n/d', before: at(0) },
  ]);
});

test('who has no certificate that could be valid needs no revocation', () => {
  expect(revocationsWith([], new Map(), ['spiffe://a/host/n/d'], now)).toEqual([]);
  const old = new Map([['spiffe://a/host/n/d', now - 25 * hour]]);
  expect(revocationsWith([], old, ['spiffe://a/host/n/d'], now)).toEqual([]);
});

test('many of one side of a node are revoked as one', () => {
  const names = Array.from({ length: 9 }, (_, index) => `spiffe://a/host/n/d${index}`);
  const issued = new Map(names.map((name) => [name, now - hour]));
  const other = { subject: 'spiffe://a/dpu/n/d', before: at(-1) };
  const eight = revocationsWith([other], issued, names.slice(0, 8), now - 1);
  expect(eight).toHaveLength(9);
  const all = revocationsWith(eight, issued, names, now);
  expect(all).toEqual([other, { subject: 'spiffe://a/host/n', before: at(0) }]);
  expect(revocationsWith(all, issued, names, now + hour)).toBe(all);
});

test('a bar stays until it is allowed, and its revocation a day', () => {
  const subject = 'spiffe://a/host/n';
  const barred = revocationsByOrder([], { verb: 'bar', subject }, now);
  expect(barredOf(barred)).toEqual([subject]);
  expect(revocationLookUp(barred)(`${subject}/d`, now)).toBe(true);
  expect(revocationsWith(barred, new Map(), [], now + 30 * hour)).toBe(barred);
  const again = revocationsByOrder(barred, { verb: 'revoke', subject }, now + hour);
  expect(barredOf(again)).toEqual([subject]);
  const allowed = revocationsByOrder(again, { verb: 'allow', subject }, now + hour);
  expect(allowed).toEqual([{ subject, before: again[0]?.before }]);
  expect(revocationsWith(allowed, new Map(), [], now + 30 * hour)).toEqual([]);
});

test('a revocation of a node covers what was issued to it before', () => {
  const isRevoked = revocationLookUp([{ subject: 'spiffe://a/host/n', before: at(0) }]);
  expect(isRevoked('spiffe://a/host/n/d', now - 1)).toBe(true);
  expect(isRevoked('spiffe://a/host/n/d', now)).toBe(false);
  expect(isRevoked('spiffe://a/dpu/n/d', now - 1)).toBe(false);
});

test('a revocation goes once no certificate from before it can be valid', () => {
  const order = { subject: 'spiffe://a/host/n', before: at(-25) };
  expect(revocationsWith([order], new Map(), [], now)).toEqual([]);
  const kept = [{ ...order, before: new Date(now - 25 * hour + 1).toISOString() }];
  expect(revocationsWith(kept, new Map(), [], now)).toBe(kept);
});
