/** A DPU node that goes and comes back, with another address where the container engine gives it one. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dpusReady, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { initialisedAt, untilInitialisedAgain } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/on-clusters/pods.ts';
import { nodesRestarted, operatorIsOn } from './fixture.ts';

let fixture: OperatorFixture;

beforeAll(async () => {
  fixture = await operatorIsOn();
  await deletePods(fixture.kubectl, examplePods);
});
afterAll(async () => {
  await nodesRestarted();
  await deletePods(fixture.kubectl, examplePods);
});

const uids = () => fixture.kubectl.run(['get', 'pods', ...examplePods, '-o', 'jsonpath={.items[*].metadata.uid}']);

it('carries the pods of the host again by itself, and they are the same', async (context) => {
  const { restartNode } = fixture.cluster;
  if (!restartNode) return context.skip('the nodes of this cluster are not for tests to restart');
  const ip = await startExamplePods(fixture.kubectl);
  const before = await uids();
  const lastInit = await initialisedAt(fixture, fixture.dpuDpu);
  await restartNode(fixture.dpu);
  await untilInitialisedAgain(fixture, fixture.dpuDpu, lastInit);
  await dpusReady(fixture);
  await untilPings(fixture.kubectl, 'my-pod', ip);
  expect(await uids()).toBe(before);
});
