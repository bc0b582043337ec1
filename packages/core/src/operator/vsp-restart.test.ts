import { expect, test } from 'vitest';
import { isMeant } from './vsp-restart.ts';

const pod = (creationTimestamp: string, deletionTimestamp?: string) => ({
  metadata: { name: 'vsp-a', creationTimestamp, deletionTimestamp },
});

test.each([
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:09Z'), true],
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:10Z'), false],
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:11Z'), false],
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:01Z', '2026-01-01T00:00:10Z'), false],
  ['now', pod('2026-01-01T00:00:01Z'), true],
])('an order of %s and a pod %o: %s', (order, found, expected) => {
  expect(isMeant(order, found)).toBe(expected);
});
