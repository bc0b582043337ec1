import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twoPodsSteps } from '../steps/two-pods.ts';
import type { TestBed } from '../support/operator.ts';
import { deletePods, deploymentLike, examplePods, net1, startExamplePods, untilPings } from '../support/pods.ts';
import { operatorIsOn } from './bed.ts';

let bed: TestBed;

beforeAll(async () => {
  bed = await operatorIsOn();
  await deletePods(bed.kubectl, examplePods);
  await startExamplePods(bed.kubectl);
});
afterAll(() => deletePods(bed.kubectl, examplePods));

describe('two pods', () => twoPodsSteps(() => bed));

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
