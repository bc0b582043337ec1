/** A DPU node that goes and comes back, with another address where the container engine gives it one. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dpusReady, type TestBed } from '../support/operator.ts';
import { initialisedAt, untilInitialisedAgain } from '../support/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/pods.ts';
import { nodesRestarted, operatorIsOn } from './bed.ts';

let bed: TestBed;

beforeAll(async () => {
  bed = await operatorIsOn();
  await deletePods(bed.kubectl, examplePods);
});
afterAll(async () => {
  await nodesRestarted();
  await deletePods(bed.kubectl, examplePods);
});

const uids = () => bed.kubectl.run(['get', 'pods', ...examplePods, '-o', 'jsonpath={.items[*].metadata.uid}']);

it('carries the pods of the host again by itself, and they are the same', async (context) => {
  const { restartNode } = bed.cluster;
  if (!restartNode) return context.skip('the nodes of this cluster are not for tests to restart');
  const ip = await startExamplePods(bed.kubectl);
  const before = await uids();
  const lastInit = await initialisedAt(bed, bed.dpuDpu);
  await restartNode(bed.dpu);
  await untilInitialisedAgain(bed, bed.dpuDpu, lastInit);
  await dpusReady(bed);
  await untilPings(bed.kubectl, 'my-pod', ip);
  expect(await uids()).toBe(before);
});
