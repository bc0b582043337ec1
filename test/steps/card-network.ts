/** Two DpuNetworks of one VLAN on the two virtual functions of a card, and one of them against the default network. */
import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { addressOf, networkObjects, networkPodObjects } from '../support/on-clusters/dpu-networks.ts';
import { deletePods, net1, untilPings } from '../support/on-clusters/pods.ts';
import type { Side } from '../support/on-clusters/sides.ts';

type End = Pick<Side, 'kubectl'>;

interface CardNetworkOptions {
  ends: () => { hostSide: End };
  /** The VLAN that the DPU's bridge gives frames of a virtual function; undefined where it cannot be asked. */
  vlanOf: (vf: number) => Promise<number | undefined>;
}

const vlan = 100;
const ipam = (first: number) => ({
  type: 'host-local',
  subnet: '10.56.218.0/24',
  rangeStart: `10.56.218.${first}`,
  rangeEnd: `10.56.218.${first + 9}`,
});
const networks = [
  { name: 'blue', vfs: '0', vlan, ipam: ipam(10) },
  { name: 'green', vfs: '1', vlan, ipam: ipam(20) },
];
const names = networks.map(({ name }) => name);
const pods = { 'pod-blue': ['blue'], 'pod-green': ['green'] };
const defaultPod = 'my-pod';

export function cardNetworkSteps({ ends, vlanOf }: CardNetworkOptions): void {
  const kubectl = () => ends().hostSide.kubectl;

  afterAll(async () => {
    await deletePods(kubectl(), [...Object.keys(pods), defaultPod]);
    await kubectl().run(['delete', 'dpunetwork', ...names, '--ignore-not-found', '--timeout=120s']);
  });

  it('carries the VLAN that was asked for: networks with the same one reach each other', async () => {
    await kubectl().run(['create', '-f', '-'], await networkObjects(networks));
    const objects = names.map((name) => `dpunetwork/${name}`);
    await kubectl().wait('condition=Ready', objects);
    await kubectl().wait('condition=Isolated', objects);
    await kubectl().run(['create', '-f', '-'], await networkPodObjects(pods));
    await kubectl().wait(
      'condition=Ready',
      Object.keys(pods).map((name) => `pod/${name}`),
    );
    await untilPings(kubectl(), 'pod-blue', await addressOf(kubectl(), 'pod-green', 'net1'));
    for (const vf of [0, 1]) expect([undefined, vlan]).toContain(await vlanOf(vf));
  });

  it('is kept apart from the default network', async () => {
    await deletePods(kubectl(), ['pod-green']);
    await kubectl().run(['delete', 'dpunetwork', 'green', '--timeout=120s']);
    await kubectl().run(['create', '-f', `examples/${defaultPod}.yaml`]);
    await kubectl().wait('condition=Ready', [`pod/${defaultPod}`]);
    const { ip } = await net1(kubectl(), defaultPod);
    expect(ip).not.toBe('');
    // With an address of the other network too, there is nobody who answers.
    const add = ['ip', 'addr', 'replace', '10.56.218.250/24', 'dev', 'net1'];
    await eventually('it has an address of the network', () => kubectl().exec(defaultPod, 'default', add));
    const blue = await addressOf(kubectl(), 'pod-blue', 'net1');
    await untilPings(kubectl(), defaultPod, blue, false);
    await untilPings(kubectl(), 'pod-blue', '10.56.218.250', false);
    expect([undefined, 0]).toContain(await vlanOf(1));
  });
}
