import { beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../cluster/run.ts';
import { argumentsOf, documentCommands, readmeCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import {
  dpusReady,
  installOperator,
  namespace,
  type OperatorFixture,
  turnOff,
  turnOn,
  useIpamThatIsThere,
} from '../support/on-clusters/operator.ts';
import { untilReadyIs } from '../support/on-clusters/outages.ts';
import { deletePods, net1, untilPings } from '../support/on-clusters/pods.ts';
import { daemonDirectory, objectsLeft, tracesOfBoth } from '../support/on-clusters/traces.ts';
import { installationId } from '../support/on-clusters/trust.ts';
import { typeMake } from '../support/programs/make.ts';
import { operatorIsOff, size } from './fixture.ts';

let fixture: OperatorFixture;
beforeAll(async () => {
  fixture = await operatorIsOff();
});

const podNames = ['pod/my-pod', 'pod/my-pod-2'];

/** What the README tells a cluster operator to type, from installing to taking away, and what it promises on the way. */
async function followReadme(): Promise<void> {
  const { kubectl, host, dpu } = fixture;
  const promises = new Map<string, () => Promise<void>>([
    [
      'kubectl create -f examples/config.yaml',
      async () => {
        await useIpamThatIsThere(fixture);
        await dpusReady(fixture);
      },
    ],
    [
      'kubectl create -f examples/my-pod.yaml -f examples/my-pod-2.yaml',
      async () => {
        await kubectl.wait('condition=Ready', podNames);
        await untilPings(kubectl, 'my-pod', (await net1(kubectl, 'my-pod-2')).ip);
      },
    ],
    ['kubectl create -f examples/sfc.yaml', () => kubectl.wait('condition=Ready', ['sfc/sfc-test'], namespace)],
  ]);
  for (const command of await readmeCommands('Use it on your cluster')) {
    // The placeholder stands for each node in turn.
    for (const node of command.includes('<node>') ? [host, dpu] : ['']) {
      const [program, ...args] = command.replace('<node>', node).split(' ');
      expect(program).toBe('kubectl');
      await kubectl.run(args);
    }
    await promises.get(command)?.();
    promises.delete(command);
  }
  expect([...promises.keys()]).toEqual([]);
}

/** The policies stay when the DpuOperatorConfig goes, of which they ask. */
async function anybodyMakesPods({ kubectl }: OperatorFixture): Promise<void> {
  for (const label of ['a=b', 'dpu.config.openshift.io/chain=a']) {
    const pod = ['run', 'stranger', '--image=none', '-l', label];
    await kubectl.run([...pod, '--dry-run=server']);
  }
}

const operator = 'deployment/dpu-operator-controller-manager';

async function removeWorkload(workload: string): Promise<void> {
  await fixture.kubectl.run(['delete', '-n', namespace, workload, '--cascade=foreground', '--timeout=180s']);
}

/** What docs/remove.md tells to type where the operator is gone: with daemons, and without. */
const goneAlready = () => documentCommands('docs/remove.md', 'When the operator is gone already');

function dpuctl(command = '') {
  return attempt([process.execPath, ...argumentsOf('node', command)], {
    env: { KUBECONFIG: fixture.cluster.kubeconfig },
  });
}

/** The host remembers the DPU that it worked with, of the installation before. */
async function keepToNewInstallation(): Promise<void> {
  const { kubectl, hostSide, dpu, dpuDpu } = fixture;
  await untilReadyIs(hostSide, hostSide.dpu, 'False', 'PeerNotListed');
  const peers = [`spiffe://${await installationId(fixture)}/dpu/${dpu}/${dpuDpu}`];
  const patch = JSON.stringify({ spec: { channel: { peers } } });
  await kubectl.run(['patch', '-n', namespace, 'dpuconfig', 'software-dpu-host', '--type=merge', '-p', patch]);
}

const untilNoObjectIsLeft = () =>
  eventually('no object is left', async () => (await objectsLeft(fixture)).length === 0 || undefined);

describe('everything deleted', () => {
  it('leaves nothing behind', async () => {
    const { kubectl, host, dpu } = fixture;
    await kubectl.run(['label', '--overwrite', 'node', host, dpu, 'dpu=true']);
    const before = await tracesOfBoth(fixture);
    expect(before.join(), 'left by what ran before').not.toContain(daemonDirectory);
    await followReadme();
    await untilNoObjectIsLeft();
    expect(await tracesOfBoth(fixture)).toEqual(before);
    await anybodyMakesPods(fixture);
  });

  it('can be created again, and waits for the pods that still use a DPU when it is deleted', async () => {
    const { kubectl, hostDpu } = fixture;
    await turnOn(fixture);
    await kubectl.run(['create', '-f', 'examples/my-pod.yaml']);
    await kubectl.wait('condition=Ready', ['pod/my-pod']);
    await kubectl.run(['delete', '-f', 'examples/config.yaml', '--wait=false']);
    const inUse = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}=InUse';
    await kubectl.wait(inUse, [`dpu/${hostDpu}`]);
    expect(await kubectl.run(['get', 'dpu', hostDpu, '-o', 'jsonpath={.status.conditions}'])).toContain(
      'default/my-pod',
    );
    await deletePods(kubectl, ['my-pod']);
    await kubectl.wait('delete', ['dpuoperatorconfig/dpu-operator-config']);
  });

  it('stays on nodes without a daemon, which are let go of when told to, until a daemon is there again', async () => {
    const before = await tracesOfBoth(fixture);
    await turnOn(fixture);
    await removeWorkload(operator);
    await removeWorkload('daemonset/dpu-daemon');
    const [, withoutDaemons] = await goneAlready();
    const { stdout, stderr } = await dpuctl(withoutDaemons);
    for (const node of [fixture.host, fixture.dpu]) expect(stdout, stderr).toContain(`node ${node}: let go`);
    expect(stdout, stderr).toContain('everything is taken away');
    await untilNoObjectIsLeft();
    expect((await tracesOfBoth(fixture)).join()).toContain(daemonDirectory);

    expect(await typeMake('make redeploy-1c', { KUBECONFIG_HOST: fixture.cluster.kubeconfig })).toContain(
      'ready: cluster',
    );
    // The kinds went with all objects of them.
    await installOperator(fixture, size);
    await useIpamThatIsThere(fixture);
    await keepToNewInstallation();
    await dpusReady(fixture);
    await turnOff(fixture);
    await untilNoObjectIsLeft();
    expect(await tracesOfBoth(fixture)).toEqual(before);
  });

  it('leaves nothing behind by dpuctl where the operator is gone', async () => {
    const { kubectl, cluster } = fixture;
    const KUBECONFIG_HOST = cluster.kubeconfig;
    const [deploy = '', undeploy = ''] = await documentCommands('docs/commands.md', 'Installing and removing');
    const before = await tracesOfBoth(fixture);
    expect(await typeMake(deploy, { KUBECONFIG_HOST })).toContain('ready: cluster');
    await useIpamThatIsThere(fixture);
    await dpusReady(fixture);

    const commands = await goneAlready();
    for (const command of commands) {
      const { exitCode, stderr } = await dpuctl(command);
      expect(stderr).toContain('the operator is there');
      expect(exitCode).not.toBe(0);
    }
    await removeWorkload(operator);
    const { stdout, stderr } = await dpuctl(commands[0]);
    expect(stdout, stderr).toContain('everything is taken away');
    await untilNoObjectIsLeft();
    expect(await tracesOfBoth(fixture)).toEqual(before);

    expect(await typeMake(undeploy, { KUBECONFIG_HOST })).toContain('removed from: cluster');
    expect(await kubectl.run(['get', 'crd,clusterroles', '-o', 'name'])).not.toMatch(/dpu|config\.openshift/);
    await kubectl.wait('delete', [`namespace/${namespace}`]);
  });
});
