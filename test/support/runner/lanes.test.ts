import { expect, test } from 'vitest';
import { clustersLeft, lanesOf } from './lanes.ts';

test('what needs the one cluster is a lane of its own, in the order given', () => {
  expect(lanesOf(['unit', 'e2e', 'e2e-2c', 'integration', 'e2e-card'])).toEqual([
    ['unit', 'e2e-2c', 'integration'],
    ['e2e', 'e2e-card'],
  ]);
});

test.each([
  [
    ['unit', 'e2e-2c', 'integration'],
    [[], ['-host', '-dpu'], []],
  ],
  [
    ['e2e', 'e2e-card', 'upgrade'],
    [[], [''], []],
  ],
  [
    ['e2e', 'e2e-card'],
    [[], []],
  ],
  [
    ['unit', 'e2e-2c'],
    [[], []],
  ],
])('in %j these clusters are left behind each project: %j', (lane, expected) => {
  expect(lane.map((_, index) => clustersLeft(lane, index))).toEqual(expected);
});
