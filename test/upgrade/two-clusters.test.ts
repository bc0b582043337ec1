/**
 * Hosts' cluster and DPUs' cluster a release apart: the DPUs' goes on first, then the hosts', then the DPUs' goes back. Part
 * of `make test-upgrade FROM=<commit>`.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repositoryRoot } from '../cluster/paths.ts';
import { clusters, turnOn } from '../e2e-2c/fixture.ts';
import { addressFor, configureSide, dpusReady, turnOff } from '../support/on-clusters/operator.ts';
import { trafficGap } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods } from '../support/on-clusters/pods.ts';
import { bothSides, clustersOf, type Side, type Sides } from '../support/on-clusters/sides.ts';
import { untilChannelIs } from '../support/on-clusters/trust.ts';
import { builtCheckout, loadImagesOf } from './release.ts';
import { follow, operatorAndDaemonsAre, pluginsAre } from './steps.ts';

/** Milliseconds: the software DPU's switch runs in the pod of its plugin, which is replaced. */
const vspGapMs = 60_000;

let sides: Sides;
let old: string;
let address: string;

beforeAll(async () => {
  const from = process.env.FROM;
  if (!from) throw new Error('FROM names no commit: make test-upgrade FROM=<commit>');
  sides = await clusters();
  old = await builtCheckout(from);
  const { hostSide, dpuSide } = sides;
  for (const { kubectl, cluster } of clustersOf(sides)) {
    await loadImagesOf(old, cluster, 'old');
    await follow(kubectl, 'Going on', old, { operator: 'old', vsp: 'old' });
  }
  await configureSide(hostSide, 'host', { numVfs: 4, settings: { peer: addressFor(sides, dpuSide) } });
  await configureSide(dpuSide, 'dpu', { settings: { peer: addressFor(sides, hostSide) } });
  await turnOn(sides);
  address = await startExamplePods(hostSide.kubectl);
});
afterAll(() => Promise.all(clustersOf(sides).map(turnOff)));

const figures: string[] = [];
afterAll(() => console.log(figures.join('\n')));

/** Brings one of the clusters to a release while pods talk; both still know each other, and pods come and go. */
async function bring(what: string, side: Side, heading: string, checkout: string, tag: string): Promise<void> {
  const { kubectl } = side;
  const gap = await trafficGap(sides.hostSide, { pod: 'my-pod', address }, async () => {
    await follow(kubectl, heading, checkout, { operator: tag, vsp: tag });
    await operatorAndDaemonsAre(kubectl, tag, 1);
    await pluginsAre(kubectl, tag, 1);
    await dpusReady(sides);
    await Promise.all(bothSides(sides).map((each) => untilChannelIs(each, 'MutualTLS')));
  });
  figures.push(`${what}: longest gap ${gap} ms from pod to pod`);
  expect(gap, what).toBeLessThan(vspGapMs);
  await deletePods(sides.hostSide.kubectl, examplePods);
  address = await startExamplePods(sides.hostSide.kubectl);
}

it("the DPUs' cluster goes on first: its hosts are a release behind", () =>
  bring("the DPUs' cluster goes on", sides.dpuSide, 'Going on', repositoryRoot, 'dev'));

it("the hosts' cluster follows", () =>
  bring("the hosts' cluster goes on", sides.hostSide, 'Going on', repositoryRoot, 'dev'));

it("the DPUs' cluster goes back: its hosts are a release ahead", () =>
  bring("the DPUs' cluster goes back", sides.dpuSide, 'Going back', old, 'old'));
