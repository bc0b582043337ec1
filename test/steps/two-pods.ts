/** The two example pods, once they run: what passes between them, and by which way. */
import { expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { namespace } from '../support/on-clusters/operator.ts';
import { deletePods, examplePods, net1, networkStatus, tcpPasses, untilPings } from '../support/on-clusters/pods.ts';
import type { Side, Sides } from '../support/on-clusters/sides.ts';

export function twoPodsSteps(sides: () => Sides): void {
  it('get net1 with an address of the default network', async () => {
    const { kubectl } = sides().hostSide;
    for (const pod of examplePods) {
      const { ip, mac } = await net1(kubectl, pod);
      expect(ip).toMatch(/^10\.56\.217\.\d+$/);
      const status = await networkStatus(kubectl, pod);
      expect(status.find((network) => network.interface === 'net1')).toMatchObject({ ips: [ip], mac });
    }
  });

  it("reach each other through the DPU node's bridge, which learns both MACs", async () => {
    const { hostSide, dpuSide } = sides();
    const [first, second] = await Promise.all(examplePods.map((pod) => net1(hostSide.kubectl, pod)));
    await untilPings(hostSide.kubectl, 'my-pod', second?.ip ?? '');
    await untilPings(hostSide.kubectl, 'my-pod-2', first?.ip ?? '');
    const learnt = await forwardingDatabase(dpuSide);
    expect(learnt).toContain(first?.mac);
    expect(learnt).toContain(second?.mac);
  });

  it('carry TCP, not only ping', async () => {
    await tcpPasses(sides().hostSide.kubectl, 'my-pod', 'my-pod-2');
  });

  it("lose each other while the DPU side's bridge port is down", async () => {
    const { hostSide, dpuSide } = sides();
    const { ip, mac } = await net1(hostSide.kubectl, 'my-pod-2');
    await untilPings(hostSide.kubectl, 'my-pod', ip);
    const representor = await representorOf(dpuSide, mac);
    await dpuSide.cluster.exec(dpuSide.node, ['ip', 'link', 'set', representor, 'down']);
    await untilPings(hostSide.kubectl, 'my-pod', ip, false);
    await dpuSide.cluster.exec(dpuSide.node, ['ip', 'link', 'set', representor, 'up']);
    await untilPings(hostSide.kubectl, 'my-pod', ip);
  });
}

/** Ends the pods. */
export function detachSteps(sides: () => Sides): void {
  it('give their devices and bridge ports back when they are deleted', async () => {
    const { hostSide, dpuSide } = sides();
    expect(await hostPorts(dpuSide)).toHaveLength(examplePods.length);
    await deletePods(hostSide.kubectl, examplePods);
    await eventually(
      'the bridge has no port of a host',
      async () => (await hostPorts(dpuSide)).length === 0 || undefined,
    );
    const links = await hostSide.cluster.exec(hostSide.node, ['ip', '-oneline', 'link']);
    for (const device of ['swdpu-vf0', 'swdpu-vf1']) expect(links.stdout).toContain(device);
  });
}

function onBridge({ kubectl, dpu }: Side, ...argv: string[]): Promise<string> {
  return kubectl.exec(`vsp-${dpu}`, namespace, argv);
}

/** The bridge's forwarding database, as Open vSwitch in the DPU's VSP pod prints it. */
const forwardingDatabase = (side: Side) => onBridge(side, 'ovs-appctl', 'fdb/show', 'br-swdpu');

/** The bridge's ports that are representors of a host's virtual functions. */
async function hostPorts(side: Side): Promise<string[]> {
  return [...(await onBridge(side, 'ovs-ofctl', 'show', 'br-swdpu')).matchAll(/\((swdpu-rep\d+)\)/g)].map(
    ([, name]) => name ?? '',
  );
}

/** The bridge port behind which the bridge learnt a MAC. */
async function representorOf(side: Side, mac: string): Promise<string> {
  const row = (await forwardingDatabase(side)).split('\n').find((line) => line.includes(mac));
  const port = row?.trim().split(/\s+/)[0] ?? '';
  const shown = await onBridge(side, 'ovs-ofctl', 'show', 'br-swdpu');
  const name = new RegExp(`^ *${port}\\(([^)]+)\\)`, 'm').exec(shown)?.[1];
  if (!name) throw new Error(`no port ${port} on the bridge: ${shown}`);
  return name;
}
