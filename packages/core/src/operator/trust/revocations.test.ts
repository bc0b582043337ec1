import { expect, test } from 'vitest';
import { revocationsWith } from './revocations.ts';

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

test('a revocation goes once no certificate from before it can be valid', () => {
  const order = { subject: 'spiffe://a/host/n', before: at(-25) };
  expect(revocationsWith([order], new Map(), [], now)).toEqual([]);
  const kept = [{ ...order, before: new Date(now - 25 * hour + 1).toISOString() }];
  expect(revocationsWith(kept, new Map(), [], now)).toBe(kept);
});
