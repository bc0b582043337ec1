import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { namespace, type TestBed } from '../support/operator.ts';
import { operatorIsOn } from './bed.ts';
import { deletePods, deploymentLike, net1, networkStatus, untilPings } from './pods.ts';

let bed: TestBed;
const pods = ['my-pod', 'my-pod-2'];

beforeAll(async () => {
  bed = await operatorIsOn();
  await deletePods(bed.kubectl, pods);
  await bed.kubectl.run(['create', '-f', 'examples/my-pod.yaml', '-f', 'examples/my-pod-2.yaml']);
  await bed.kubectl.wait(
    'condition=Ready',
    pods.map((pod) => `pod/${pod}`),
  );
});
afterAll(() => deletePods(bed.kubectl, pods));

/** The bridge's forwarding database, as Open vSwitch in the DPU's VSP pod prints it. */
const forwardingDatabase = (): Promise<string> =>
  bed.kubectl.exec(`vsp-${bed.dpuDpu}`, namespace, ['ovs-appctl', 'fdb/show', 'br-swdpu']);

describe('two pods', () => {
  it('get net1 with an address of the default network', async () => {
    for (const pod of pods) {
      const { ip, mac } = await net1(bed.kubectl, pod);
      expect(ip).toMatch(/^10\.56\.217\.\d+$/);
      const status = await networkStatus(bed.kubectl, pod);
      expect(status.find((network) => network.interface === 'net1')).toMatchObject({ ips: [ip], mac });
    }
  });

  it("reach each other through the DPU node's bridge, which learns both MACs", async () => {
    const [first, second] = await Promise.all(pods.map((pod) => net1(bed.kubectl, pod)));
    await untilPings(bed.kubectl, 'my-pod', second?.ip ?? '');
    await untilPings(bed.kubectl, 'my-pod-2', first?.ip ?? '');
    const learnt = await forwardingDatabase();
    expect(learnt).toContain(first?.mac);
    expect(learnt).toContain(second?.mac);
  });

  it('carry TCP, not only ping', async () => {
    const { ip } = await net1(bed.kubectl, 'my-pod-2');
    await bed.kubectl.exec('my-pod-2', 'default', ['iperf3', '--server', '--one-off', '--daemon']);
    const report = await eventually('iperf3 connects', () =>
      bed.kubectl.exec('my-pod', 'default', ['iperf3', '--client', ip, '--bytes', '1M', '--json']),
    );
    expect(JSON.parse(report)).toMatchObject({ end: { sum_received: { bytes: expect.any(Number) } } });
  });

  it("lose each other while the DPU side's bridge port is down", async () => {
    const { ip, mac } = await net1(bed.kubectl, 'my-pod-2');
    await untilPings(bed.kubectl, 'my-pod', ip);
    const representor = await representorOf(mac);
    await bed.cluster.exec(bed.dpu, ['ip', 'link', 'set', representor, 'down']);
    await untilPings(bed.kubectl, 'my-pod', ip, false);
    await bed.cluster.exec(bed.dpu, ['ip', 'link', 'set', representor, 'up']);
    await untilPings(bed.kubectl, 'my-pod', ip);
  });
});

/** The bridge port behind which the bridge learnt a MAC. */
async function representorOf(mac: string): Promise<string> {
  const row = (await forwardingDatabase()).split('\n').find((line) => line.includes(mac));
  const port = row?.trim().split(/\s+/)[0] ?? '';
  const shown = await bed.kubectl.exec(`vsp-${bed.dpuDpu}`, namespace, ['ovs-ofctl', 'show', 'br-swdpu']);
  const name = new RegExp(`^ *${port}\\(([^)]+)\\)`, 'm').exec(shown)?.[1];
  if (!name) throw new Error(`no port ${port} on the bridge: ${shown}`);
  return name;
}

describe('a pod whose namespace is gone before its DEL', () => {
  it('gives its device back, and the next pod gets it', async () => {
    const { ip: peer } = await net1(bed.kubectl, 'my-pod');
    await killSandboxWhileDaemonIsAway('my-pod-2');
    // Two devices that nobody had and the lost one: all three run only if it was given back. A Deployment, since the
    // kubelet fails pods that it admits before the device plugin is back.
    await bed.kubectl.run(['create', '-f', '-'], await deploymentLike('examples/my-pod.yaml', 'next', 3));
    await bed.kubectl.wait('condition=Available', ['deployment/next']);
    const names = await bed.kubectl.run([
      'get',
      'pods',
      '-l',
      'app=next',
      '--field-selector=status.phase=Running',
      '-o',
      'name',
    ]);
    expect(names.split('\n')).toHaveLength(3);
    for (const name of names.split('\n')) await untilPings(bed.kubectl, name, peer);
    await bed.kubectl.run(['delete', 'deployment', 'next', '--cascade=foreground']);
  });
});

/** Stops kubelet, daemon and containerd, destroys the pod's network namespace and sandbox, starts all again. */
async function killSandboxWhileDaemonIsAway(pod: string): Promise<void> {
  const onHost = async (script: string): Promise<string> => {
    const { stdout, stderr, exitCode } = await bed.cluster.exec(bed.host, ['bash', '-euc', script]);
    if (exitCode !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout.trim();
  };
  const { status } = await bed.kubectl.json<{ status: { podIP: string } }>(['get', 'pod', pod]);
  const netns = await onHost(
    `for n in $(ls /var/run/netns); do ip -n $n -o addr show | grep -q ' ${status.podIP}/' && echo $n; done; true`,
  );
  await onHost('systemctl stop kubelet; pkill -9 -f /opt/dpu-operator/daemon.mjs');
  await onHost(
    `systemctl stop containerd; for p in $(ip netns pids ${netns}); do kill -9 $p; done; ip netns del ${netns}`,
  );
  await bed.kubectl.run(['delete', 'pod', pod, '--force', '--grace-period=0']);
  await onHost('systemctl start containerd; systemctl start kubelet');
  await bed.kubectl.wait('condition=Ready', [`node/${bed.host}`, `dpu/${bed.hostDpu}`]);
}
