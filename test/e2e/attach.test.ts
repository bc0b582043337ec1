import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/kubectl.ts';
import { namespace, type TestBed } from '../support/operator.ts';
import { operatorIsOn } from './bed.ts';
import { deletePods, net1, networkStatus, podLike, untilPings } from './pods.ts';

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
afterAll(() => deletePods(bed.kubectl, [...pods, 'my-pod-3']));

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
    // Both remaining devices and the lost one: the fourth pod can only run on the device that was given back.
    const next = ['next-1', 'next-2', 'next-3'];
    for (const name of next) await bed.kubectl.run(['create', '-f', '-'], await podLike('examples/my-pod.yaml', name));
    await bed.kubectl.wait(
      'condition=Ready',
      next.map((name) => `pod/${name}`),
    );
    for (const name of next) await untilPings(bed.kubectl, name, peer);
    await deletePods(bed.kubectl, next);
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
  await bed.kubectl.wait('condition=Ready', [`node/${bed.host}`, `dpu/${bed.hostDpu}`], 120);
}
