/** Two DpuNetworks that take all devices of the host side, from pods that have some to three pods of their own. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addressOf, networkObjects, networkPodObjects } from '../support/dpu-networks.ts';
import { eventually } from '../support/eventually.ts';
import type { OperatorFixture } from '../support/operator.ts';
import { deletePods, examplePods, untilPings } from '../support/pods.ts';
import { argumentsOf, documentCommands } from '../support/readme.ts';

const networks = [
  { name: 'blue', vfs: '0-1', ipam: { type: 'host-local', subnet: '10.56.218.0/24' } },
  { name: 'red', vfs: '2-3', ipam: { type: 'host-local', subnet: '10.56.219.0/24' } },
];
const both = ['blue', 'red'];
/** By pod: the networks that it is in. */
const pods = { 'pod-blue': ['blue'], 'pod-red': ['red'], 'pod-both': both };

export function dpuNetworkSteps(fixture: () => OperatorFixture): void {
  const names = Object.keys(pods);
  let startedAt = 0;

  beforeAll(async () => {
    startedAt = performance.now();
    await fixture().kubectl.run(['create', '-f', '-'], await networkObjects(networks));
  });
  afterAll(async () => {
    const { kubectl } = fixture();
    await deletePods(kubectl, names);
    await kubectl.run(['delete', 'dpunetwork', ...both, '--ignore-not-found', '--timeout=120s']);
  });

  it('wait for pods that have their devices, and are ready without them', async () => {
    const { kubectl } = fixture();
    const waits = '--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=WaitingForPods';
    await kubectl.run(['wait', waits, '--timeout=60s', 'dpunetwork/blue']);
    await deletePods(kubectl, examplePods);
    startedAt = performance.now();
    await kubectl.wait(
      'condition=Ready',
      both.map((name) => `dpunetwork/${name}`),
    );
    await kubectl.run(['create', '-f', '-'], await networkPodObjects(pods));
    await kubectl.wait(
      'condition=Ready',
      names.map((name) => `pod/${name}`),
    );
    const [look = ''] = await documentCommands('docs/networks.md', 'Networks of DPUs');
    expect(await kubectl.run(argumentsOf('kubectl', look))).toMatch(
      /^blue +openshift\.io\/dpunetwork-blue +True +2 +True +Ready$/m,
    );
    console.log(`from free devices to pods in two networks: ${Math.round(performance.now() - startedAt)} ms`);
  });

  it('reach the pod that is in both, each by its own interface, and not each other', async () => {
    const { kubectl } = fixture();
    const [blue, red] = await Promise.all([
      addressOf(kubectl, 'pod-both', 'net1'),
      addressOf(kubectl, 'pod-both', 'net2'),
    ]);
    await untilPings(kubectl, 'pod-blue', blue);
    await untilPings(kubectl, 'pod-red', red);
    // With an address of the other network too, there is nobody who answers.
    const add = ['ip', 'addr', 'replace', '10.56.219.250/24', 'dev', 'net1'];
    await eventually('the pod has an address of the other network', () => kubectl.exec('pod-blue', 'default', add));
    for (const other of [red, await addressOf(kubectl, 'pod-red', 'net1')]) {
      await untilPings(kubectl, 'pod-blue', other, false);
    }
  });

  it('are deleted when their pods have gone', async () => {
    const { kubectl } = fixture();
    await kubectl.run(['delete', 'dpunetwork', ...both, '--wait=false']);
    const deleting = '--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=Deleting';
    await kubectl.run(['wait', deleting, '--timeout=60s', 'dpunetwork/blue']);
    await deletePods(kubectl, names);
    await kubectl.wait(
      'delete',
      both.map((name) => `dpunetwork/${name}`),
    );
    const nads = () => kubectl.run(['get', 'net-attach-def', '-n', 'default', '-o', 'name']);
    await eventually('their NADs have gone with them', nads, (found) =>
      both.every((name) => !found.includes(`${name}-nad`)),
    );
  });
}
