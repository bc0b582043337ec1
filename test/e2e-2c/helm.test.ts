/** The cluster of the DPU's admin, who installs, upgrades and removes by Helm as docs/install.md says. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../cluster/run.ts';
import { size } from '../e2e/fixture.ts';
import { documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { configureSide, namespace, useIpamThatIsThere } from '../support/on-clusters/operator.ts';
import type { Side } from '../support/on-clusters/sides.ts';
import { objectsLeft, traces } from '../support/on-clusters/traces.ts';
import { ensureHelm } from '../support/programs/go-tools.ts';
import { operatorsAreOff } from './fixture.ts';

let side: Side;
let helm: string;
beforeAll(async () => {
  ({ dpuSide: side } = await operatorsAreOff());
  helm = await ensureHelm(console.log);
  for (const part of ['policy', 'injector', 'deploy', 'crd'])
    await side.kubectl.run(['delete', '-k', `config/${part}`]);
}, 1_200_000);
// The next file installs everything again.
afterAll(() => side.kubectl.run(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=180s']));

async function type(command: string): Promise<void> {
  const [program, ...args] = command.split(' ');
  if (program === 'helm') await run([helm, ...args], { env: { KUBECONFIG: side.cluster.kubeconfig } });
  else await side.kubectl.run(args);
}

it('installs, upgrades, and leaves nothing when it is removed', async () => {
  const { kubectl, node, dpu } = side;
  await kubectl.run(['label', '--overwrite', 'node', node, 'dpu=true']);
  const before = await traces(side);
  const commands = await documentCommands('docs/install.md', 'Helm');
  const [install = '', allow = '', upgrade = '', uninstall = '', deleteKinds = ''] = commands;
  expect(commands).toHaveLength(5);

  await type(install);
  await type(allow);
  await configureSide(side, 'dpu', { settings: { networkFunctionPorts: size.networkFunctionPorts } });
  await kubectl.run(['create', '-f', 'examples/dpu.yaml']);
  await useIpamThatIsThere(side);
  await kubectl.wait('create', [`dpu/${dpu}`]);
  await kubectl.wait('condition=Ready', [`dpu/${dpu}`]);
  const uid = ['get', 'dpu', dpu, '-o', 'jsonpath={.metadata.uid}'];
  const installed = await kubectl.run(uid);

  await type(upgrade);
  const deployment = ['get', 'deployment', '-n', namespace, 'dpu-operator-controller-manager', '-o', 'json'];
  expect(await kubectl.run(deployment)).toMatch(/"LOG_LEVEL",\s*"value": "debug"/);
  await kubectl.wait('condition=Ready', [`dpu/${dpu}`]);
  expect(await kubectl.run(uid)).toBe(installed);

  await type(uninstall);
  const sides = { hostSide: side, dpuSide: side };
  await eventually('no object is left', async () => (await objectsLeft(sides)).length === 0 || undefined);
  expect(await traces(side)).toBe(before);
  expect(await kubectl.run(['get', 'deployments,jobs,serviceaccounts', '-n', namespace, '-o', 'name'])).toBe(
    'serviceaccount/default',
  );
  await type(deleteKinds);
});
