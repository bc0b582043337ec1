/** Each cluster's admin takes away what is his, the DPU's first: it waits for the pods of the other cluster. */
import { beforeAll, expect, it } from 'vitest';
import { size } from '../e2e/fixture.ts';
import { documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { configureSoftwareDpu, dpusReady, useIpamThatIsThere } from '../support/on-clusters/operator.ts';
import { untilReadyIs } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods } from '../support/on-clusters/pods.ts';
import { bothSides, clustersOf, type Sides } from '../support/on-clusters/sides.ts';
import { daemonDirectory, objectsLeft, traces } from '../support/on-clusters/traces.ts';
import { exchangeTrust } from '../support/on-clusters/trust.ts';
import { typeMake } from '../support/programs/make.ts';
import { operatorsAreOff, turnOn } from './fixture.ts';

let sides: Sides;
beforeAll(async () => {
  sides = await operatorsAreOff();
  for (const { kubectl, node } of bothSides(sides))
    await kubectl.run(['label', '--overwrite', 'node', node, 'dpu=true']);
});

const tracesOfBoth = () => Promise.all(bothSides(sides).map(traces));

it('the DPU side stays while a host has ports on it, says who, and nothing is left of either in the end', async () => {
  const { hostSide, dpuSide } = sides;
  const before = await tracesOfBoth();
  expect(before.join(), 'left by what ran before').not.toContain(daemonDirectory);
  await turnOn(sides);
  await startExamplePods(hostSide.kubectl);

  await dpuSide.kubectl.run(['delete', '-f', 'examples/dpu.yaml', '--wait=false']);
  await untilReadyIs(dpuSide, dpuSide.dpu, 'False', 'InUse');
  const conditions = ['get', 'dpu', dpuSide.dpu, '-o', 'jsonpath={.status.conditions}'];
  expect(await dpuSide.kubectl.run(conditions)).toContain(hostSide.node);

  await deletePods(hostSide.kubectl, examplePods);
  await dpuSide.kubectl.wait('delete', ['dpuoperatorconfig/dpu-operator-config']);
  await hostSide.kubectl.run(['delete', '-f', 'examples/host.yaml', '--timeout=180s']);
  await eventually('no object is left', async () => (await objectsLeft(sides)).length === 0 || undefined);
  expect(await tracesOfBoth()).toEqual(before);
});

it('make redeploys, deploys over that, and removes from both', async () => {
  const { hostSide, dpuSide } = sides;
  const kubeconfigs = { KUBECONFIG_HOST: hostSide.cluster.kubeconfig, KUBECONFIG_DPU: dpuSide.cluster.kubeconfig };
  const [, , deploy = '', undeploy = ''] = await documentCommands('docs/commands.md', 'Installing and removing');
  const before = await tracesOfBoth();
  const names = "hosts' cluster, DPUs' cluster";
  expect(await typeMake('make redeploy', kubeconfigs)).toContain(`ready: ${names}`);
  // The kinds went with all objects of them.
  await configureSoftwareDpu(sides, size);
  for (const { kubectl } of clustersOf(sides)) await useIpamThatIsThere({ kubectl });
  await exchangeTrust(sides);
  await dpusReady(sides);
  expect(await typeMake(deploy, kubeconfigs)).toContain(`ready: ${names}`);
  await dpusReady(sides);
  expect(await typeMake(undeploy, kubeconfigs)).toContain(`removed from: ${names}`);
  for (const { kubectl } of clustersOf(sides)) {
    expect(await kubectl.run(['get', 'crd,clusterroles', '-o', 'name'])).not.toMatch(/dpu|config\.openshift/);
  }
  expect(await tracesOfBoth()).toEqual(before);
});
