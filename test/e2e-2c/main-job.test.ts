/** A host cluster and a DPU cluster: two pods of the one talk through a DPU of the other. */
import { afterAll, beforeAll, describe } from 'vitest';
import { size } from '../e2e/fixture.ts';
import { bringUpSteps } from '../steps/bring-up.ts';
import { outageSteps } from '../steps/outages.ts';
import { detachSteps, twoPodsSteps } from '../steps/two-pods.ts';
import { deletePods, examplePods, startExamplePods } from '../support/on-clusters/pods.ts';
import type { Sides } from '../support/on-clusters/sides.ts';
import { operatorsAreOn } from './fixture.ts';

let sides: Sides;
beforeAll(async () => {
  sides = await operatorsAreOn();
});

describe('a labelled node and one DpuOperatorConfig in each cluster', () => bringUpSteps(() => sides, size.hostVfs));

describe('two pods', () => {
  let address: string;
  beforeAll(async () => {
    address = await startExamplePods(sides.hostSide.kubectl);
  });
  afterAll(() => deletePods(sides.hostSide.kubectl, examplePods));

  twoPodsSteps(() => sides);
  describe('outages', () =>
    outageSteps(
      () => sides,
      () => address,
      size.hostVfs,
    ));
  detachSteps(() => sides);
});
