/** Two DpuNetworks that take all devices of the host side, from pods that have some to three pods of their own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { addresses, ExternalClient } from '../support/network/external.ts';
import { addressOf, networkObjects, networkPodObjects } from '../support/on-clusters/dpu-networks.ts';
import { forward, makeRouter } from '../support/on-clusters/network-function.ts';
import { dpusReady, namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { deletePods, examplePods, untilPings } from '../support/on-clusters/pods.ts';

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
    // One that has had a chain for all networks stays closed for those without one of their own: docs/chains.md.
    await kubectl.run(['delete', 'dpu', fixture().dpuDpu, '--timeout=180s']);
    await dpusReady(fixture());
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
      /^blue +openshift\.io\/dpunetwork-blue +True +2 +True +Ready +\S+$/m,
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

  describe('one of which has a chain of its own', () => {
    const example = 'examples/sfc-network.yaml';
    const [inside, beyond] = ['10.56.218.200', '10.56.219.200'];
    const nf = () => ({ kubectl: fixture().kubectl, pod: 'blue-nf', namespace });
    let external: ExternalClient;
    /** Whether what a pod sends leaves by the uplink. Nodes have no VLAN devices: it is counted there, and not answered. */
    const leaves = async (pod: string, address: string) => {
      const before = await external.link();
      const count = 50;
      const ping = `ping -q -c ${count} -i 0.01 -W 1 ${address}`.split(' ');
      await fixture().kubectl.try(['exec', pod, '--', ...ping]);
      return (await external.link()).frames - before.frames >= count;
    };
    const untilLeaves = (pod: string, address: string, does = true) =>
      eventually(
        `${pod} ${does ? 'sends' : 'sends nothing'} outside`,
        () => leaves(pod, address),
        (answer) => answer === does,
      );

    beforeAll(async () => {
      const { kubectl, cluster, dpu } = fixture();
      external = new ExternalClient(cluster, dpu);
      await external.create();
      await kubectl.run(['create', '-f', example]);
      await kubectl.wait('condition=Ready', ['sfc/sfc-blue'], namespace);
      await makeRouter(nf(), { inside: `${inside}/24`, outside: `${addresses.functionOutside}/24` });
      const { mac } = await external.link();
      const neighbour = (address: string, device: string) =>
        `ip neigh replace ${address} lladdr ${mac} dev ${device}`.split(' ');
      await kubectl.exec('blue-nf', namespace, neighbour(addresses.external, 'net2'));
      await kubectl.exec('pod-red', 'default', neighbour(beyond, 'net1'));
      await kubectl.exec('pod-blue', 'default', ['ip', 'route', 'add', addresses.outsideNetwork, 'via', inside]);
    });
    afterAll(async () => {
      await fixture().kubectl.run(['delete', '-f', example, '--ignore-not-found']);
      await external.delete();
    });

    it('its traffic passes that, and the other goes past it', async () => {
      await untilPings(fixture().kubectl, 'pod-blue', inside);
      await untilLeaves('pod-blue', addresses.external);
      await untilLeaves('pod-red', beyond);
      await forward(nf(), false);
      await untilLeaves('pod-blue', addresses.external, false);
      await untilLeaves('pod-red', beyond);
    });
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
