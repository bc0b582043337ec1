import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { dpuNetworkSteps } from '../steps/dpu-networks.ts';
import { twoPodsSteps } from '../steps/two-pods.ts';
import { namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import {
  deletePods,
  deploymentLike,
  examplePods,
  net1,
  startExamplePods,
  untilPings,
} from '../support/on-clusters/pods.ts';
import { operatorIsOn } from './fixture.ts';

let fixture: OperatorFixture;

beforeAll(async () => {
  fixture = await operatorIsOn();
  await deletePods(fixture.kubectl, examplePods);
  await startExamplePods(fixture.kubectl);
});
afterAll(() => deletePods(fixture.kubectl, examplePods));

describe('two pods', () => twoPodsSteps(() => fixture));

describe('a pod without a resource line', () => {
  beforeAll(async () => {
    const injector = ['-n', namespace, 'deployment/network-resources-injector'];
    await fixture.kubectl.run(['rollout', 'status', ...injector, '--timeout=300s']);
  });

  it('gets it from the injector, and a device by it', async () => {
    const { kubectl } = fixture;
    await kubectl.run(['create', '-f', '-'], await bare('default-sriov-net'));
    await kubectl.wait('condition=Ready', ['pod/bare']);
    const { ip } = await net1(kubectl, 'bare');
    await untilPings(kubectl, 'my-pod', ip);
    await deletePods(kubectl, ['bare']);
  });

  it('is refused where its network is not there', async () => {
    const { exitCode, stderr } = await fixture.kubectl.try(['create', '-f', '-'], await bare('absent'));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain('there is no NetworkAttachmentDefinition default/absent');
  });
});

describe('a pod whose namespace is gone before its DEL', () => {
  it('gives its device back, and the next pod gets it', async () => {
    const { ip: peer } = await net1(fixture.kubectl, 'my-pod');
    await killSandboxWhileDaemonIsAway('my-pod-2');
    // Two devices that nobody had and the lost one: all three run only if it was given back. A Deployment, since the
    // kubelet fails pods that it admits before the device plugin is back.
    await fixture.kubectl.run(['create', '-f', '-'], await deploymentLike('examples/my-pod.yaml', 'next', 3));
    await fixture.kubectl.wait('condition=Available', ['deployment/next']);
    const names = await fixture.kubectl.run([
      'get',
      'pods',
      '-l',
      'app=next',
      '--field-selector=status.phase=Running',
      '-o',
      'name',
    ]);
    expect(names.split('\n')).toHaveLength(3);
    for (const name of names.split('\n')) await untilPings(fixture.kubectl, name, peer);
    await fixture.kubectl.run(['delete', 'deployment', 'next', '--cascade=foreground']);
  });
});

describe('networks of DPUs', () => dpuNetworkSteps(() => fixture));

/** As examples/my-pod.yaml, without its resources and with another name. */
async function bare(networks: string): Promise<string> {
  const pod = parse(await readFile('examples/my-pod.yaml', 'utf8'));
  pod.metadata.name = 'bare';
  pod.metadata.annotations['k8s.v1.cni.cncf.io/networks'] = networks;
  for (const container of pod.spec.containers) delete container.resources;
  return stringify(pod);
}

/** Stops kubelet, daemon and containerd, destroys the pod's network namespace and sandbox, starts all again. */
async function killSandboxWhileDaemonIsAway(pod: string): Promise<void> {
  const onHost = async (script: string): Promise<string> => {
    const { stdout, stderr, exitCode } = await fixture.cluster.exec(fixture.host, ['bash', '-euc', script]);
    if (exitCode !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout.trim();
  };
  const { status } = await fixture.kubectl.json<{ status: { podIP: string } }>(['get', 'pod', pod]);
  const netns = await onHost(
    `for n in $(ls /var/run/netns); do ip -n $n -o addr show | grep -q ' ${status.podIP}/' && echo $n; done; true`,
  );
  await onHost('systemctl stop kubelet; pkill -9 -f /opt/dpu-operator/daemon.mjs');
  await onHost(
    `systemctl stop containerd; for p in $(ip netns pids ${netns}); do kill -9 $p; done; ip netns del ${netns}`,
  );
  await fixture.kubectl.run(['delete', 'pod', pod, '--force', '--grace-period=0']);
  await onHost('systemctl start containerd; systemctl start kubelet');
  await fixture.kubectl.wait('condition=Ready', [`node/${fixture.host}`, `dpu/${fixture.hostDpu}`]);
}
