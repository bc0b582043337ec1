import { expect, test } from 'vitest';
import { IssuedIndex } from './issued-index.ts';

test('identities are found by node and DPU, and the oldest first, also after one is issued anew', () => {
  const index = new IssuedIndex([
    { identity: 'spiffe://a/dpu/n/e', issued: 3 },
    { identity: 'spiffe://a/host/n/d', issued: 1 },
    { identity: 'what somebody wrote', issued: 2 },
  ]);
  expect(index.ofNode('n')).toEqual(['spiffe://a/host/n/d', 'spiffe://a/dpu/n/e']);
  expect(index.ofDpu('d')).toEqual(['spiffe://a/host/n/d']);
  expect(index.issuedBefore(3)).toEqual(['spiffe://a/host/n/d', 'what somebody wrote']);
  index.add('spiffe://a/host/n/d', 4);
  expect(index.issuedBefore(4)).toEqual(['what somebody wrote', 'spiffe://a/dpu/n/e']);
  index.delete('spiffe://a/host/n/d');
  expect([index.ofDpu('d'), index.ofNode('n')]).toEqual([[], ['spiffe://a/dpu/n/e']]);
});
