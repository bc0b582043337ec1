import { expect, test } from 'vitest';
import { lanesOf, leavesCluster } from './lanes.ts';

test('what needs a cluster is a lane of its own, in the order given', () => {
  expect(lanesOf(['unit', 'e2e', 'integration', 'e2e-2c'])).toEqual([
    ['unit', 'integration'],
    ['e2e', 'e2e-2c'],
  ]);
});

test.each([
  [['e2e', 'e2e-card', 'e2e-2c'], [1]],
  [['e2e', 'e2e-2c', 'e2e-card'], []],
  [['e2e', 'e2e-2c'], [0]],
  [['e2e', 'e2e-card'], []],
  [['e2e-2c', 'e2e'], []],
  [['unit', 'integration'], []],
])('in %j the cluster is left after %j', (lane, expected) => {
  expect(lane.map((_, index) => index).filter((index) => leavesCluster(lane, index))).toEqual(expected);
});
