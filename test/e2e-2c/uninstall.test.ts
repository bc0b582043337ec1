/**
 * Installed and removed in two clusters by the commands of docs/commands.md. The DPU's admin wants his away before the
 * hosts' does: it waits for the pods of the other cluster.
 */
import { beforeAll, expect, it } from 'vitest';
import { typeMake } from '../support/make.ts';
import { dpusReady, namespace, useIpamThatIsThere } from '../support/operator.ts';
import { untilReadyIs } from '../support/outages.ts';
import { deletePods, examplePods, startExamplePods } from '../support/pods.ts';
import { documentCommands } from '../support/readme.ts';
import { bothSides, type Sides } from '../support/sides.ts';
import { daemonDirectory, tracesOfBoth } from '../support/traces.ts';
import { exchangeTrust } from '../support/trust.ts';
import { operatorsAreOff } from './bed.ts';

let sides: Sides;
beforeAll(async () => {
  sides = await operatorsAreOff();
});

it('the DPU side stays while a host has ports on it, says who, and nothing is left of either in the end', async () => {
  const { hostSide, dpuSide } = sides;
  for (const { kubectl, node } of bothSides(sides))
    await kubectl.run(['label', '--overwrite', 'node', node, 'dpu=true']);
  const before = await tracesOfBoth(sides);
  expect(before.join(), 'left by what ran before').not.toContain(daemonDirectory);
  const kubeconfigs = {
    KUBECONFIG_HOST: hostSide.cluster.kubeconfig,
    KUBECONFIG_DPU: dpuSide.cluster.kubeconfig,
  };
  const commands = await documentCommands('docs/commands.md', 'Installing and removing');
  const [deploy = '', undeploy = ''] = commands.filter((command) => command.includes('KUBECONFIG_DPU'));
  expect(await typeMake(deploy, kubeconfigs)).toContain("ready: hosts' cluster, DPUs' cluster");
  for (const side of bothSides(sides)) await useIpamThatIsThere(side);
  await exchangeTrust(sides);
  await dpusReady(sides);
  await startExamplePods(hostSide.kubectl);

  await dpuSide.kubectl.run(['delete', '-f', 'examples/dpu.yaml', '--wait=false']);
  await untilReadyIs(dpuSide, dpuSide.dpu, 'False', 'InUse');
  const conditions = ['get', 'dpu', dpuSide.dpu, '-o', 'jsonpath={.status.conditions}'];
  expect(await dpuSide.kubectl.run(conditions)).toContain(hostSide.node);

  await deletePods(hostSide.kubectl, examplePods);
  await dpuSide.kubectl.wait('delete', ['dpuoperatorconfig/dpu-operator-config']);
  expect(await typeMake(undeploy, kubeconfigs)).toContain("removed from: hosts' cluster, DPUs' cluster");
  for (const { kubectl } of bothSides(sides)) {
    expect(await kubectl.run(['get', 'crd,clusterroles', '-o', 'name'])).not.toMatch(/dpu|config\.openshift/);
    await kubectl.wait('delete', [`namespace/${namespace}`]);
  }
  expect(await tracesOfBoth(sides)).toEqual(before);
});
