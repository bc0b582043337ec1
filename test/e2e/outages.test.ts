/** Absence is not an order: what is away for a moment keeps what it has, and what is taken away goes when it is free. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outageSteps } from '../steps/outages.ts';
import { argumentsOf, documentCommands, readmeCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { dpusReady, namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { daemonPod, onNode, untilReadyIs } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/on-clusters/pods.ts';
import { operatorIsOn, size } from './fixture.ts';

let fixture: OperatorFixture;
beforeAll(async () => {
  fixture = await operatorIsOn();
  await deletePods(fixture.kubectl, examplePods);
});
afterAll(() => deletePods(fixture.kubectl, examplePods));

describe('with two pods attached', () => {
  let address: string;
  beforeAll(async () => {
    address = await startExamplePods(fixture.kubectl);
  });

  outageSteps(
    () => fixture,
    () => address,
    size.hostVfs,
  );

  it("the switch can be looked into, and a function of the host cut off, as the plugin's README says", async () => {
    const commands = await documentCommands('packages/vsp-mock/README.md', 'What is what');
    const [show = '', learnt = '', cut = ''] = commands.map((command) => command.replace('<dpu>', fixture.dpuDpu));
    expect(await fixture.kubectl.run(argumentsOf('kubectl', show))).toContain('br-swdpu');
    expect(await fixture.kubectl.run(argumentsOf('kubectl', learnt))).toMatch(/VLAN +MAC/);
    const device = await fixture.kubectl.exec('my-pod', 'default', ['printenv', 'DPU_DEVICES']);
    const down = cut.replace('swdpu-rep0', device.trim().replace('swdpu-vf', 'swdpu-rep'));
    await onNode(fixture, fixture.dpu, down);
    await untilPings(fixture.kubectl, 'my-pod', address, false);
    await onNode(fixture, fixture.dpu, down.replace(' down', ' up'));
    await untilPings(fixture.kubectl, 'my-pod', address);
  });

  it('the order to forget a host is not obeyed while that is connected, and is told so', async () => {
    const [command = ''] = await readmeCommands('When a side is away');
    const owner = `${fixture.host}/${fixture.hostDpu}`;
    await fixture.kubectl.run(
      argumentsOf('kubectl', command.replace('<name>', fixture.dpuDpu).replace('<host>', owner)),
    );
    await eventually('the order is answered', async () => {
      const events = ['get', 'events', '-A', '--field-selector', 'reason=HostNotForgotten', '-o', 'name'];
      return (await fixture.kubectl.run(events)).trim() || undefined;
    });
    await untilPings(fixture.kubectl, 'my-pod', address);
  });

  it('the DPU side is not deleted while a host has ports on it, and says who', async () => {
    await fixture.kubectl.run(['delete', 'dpu', fixture.dpuDpu, '--wait=false']);
    await untilReadyIs(fixture, fixture.dpuDpu, 'False', 'InUse');
    const conditions = await fixture.kubectl.run(['get', 'dpu', fixture.dpuDpu, '-o', 'jsonpath={.status.conditions}']);
    expect(conditions).toContain(fixture.host);
    await untilPings(fixture.kubectl, 'my-pod', address);
    await deletePods(fixture.kubectl, examplePods);
    await eventually('the object is made again', async () => {
      const { metadata } = await fixture.kubectl.json<{ metadata: { deletionTimestamp?: string } }>([
        'get',
        'dpu',
        fixture.dpuDpu,
      ]);
      return metadata.deletionTimestamp ? undefined : true;
    });
    await dpusReady(fixture);
  });
});

describe('a node that loses its label dpu=true', () => {
  it('keeps its daemon until the last pod is gone, then nothing of the operator is left there', async () => {
    await startExamplePods(fixture.kubectl);
    await fixture.kubectl.run(['label', 'node', fixture.host, 'dpu-']);
    await untilReadyIs(fixture, fixture.hostDpu, 'False', 'InUse');
    expect(await daemonPod(fixture, fixture.host)).not.toBe('');
    await deletePods(fixture.kubectl, examplePods);
    await fixture.kubectl.wait('delete', [`dpu/${fixture.hostDpu}`]);
    await eventually('the daemon has gone', async () => (await daemonPod(fixture, fixture.host)) === '' || undefined);
    expect(await onNode(fixture, fixture.host, 'ls /opt/cni/bin')).not.toContain('dpu-cni');
    await fixture.kubectl.wait('delete', [`pod/vsp-${fixture.hostDpu}`], namespace);
    expect(await onNode(fixture, fixture.host, 'ip -o link')).not.toContain('swdpu-vf');
    const labels = await fixture.kubectl.run(['get', 'node', fixture.host, '-o', 'jsonpath={.metadata.labels}']);
    expect(labels).not.toContain('dpuside');
    await fixture.kubectl.run(['label', 'node', fixture.host, 'dpu=true']);
    await dpusReady(fixture);
    expect(await fixture.kubectl.run(['get', 'pods', '-n', namespace, '-o', 'name'])).toContain(
      `vsp-${fixture.hostDpu}`,
    );
  });
});
