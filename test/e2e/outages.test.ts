/** Absence is not an order: what is away for a moment keeps what it has, and what is taken away goes when it is free. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outageSteps } from '../steps/outages.ts';
import { eventually } from '../support/eventually.ts';
import { dpusReady, namespace, type TestBed } from '../support/operator.ts';
import { daemonPod, onNode, untilReadyIs } from '../support/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/pods.ts';
import { argumentsOf, documentCommands, readmeCommands } from '../support/readme.ts';
import { operatorIsOn, size } from './bed.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await operatorIsOn();
  await deletePods(bed.kubectl, examplePods);
});
afterAll(() => deletePods(bed.kubectl, examplePods));

describe('with two pods attached', () => {
  let address: string;
  beforeAll(async () => {
    address = await startExamplePods(bed.kubectl);
  });

  outageSteps(
    () => bed,
    () => address,
    size.hostVfs,
  );

  it("the switch can be looked into, and a function of the host cut off, as the plugin's README says", async () => {
    const commands = await documentCommands('packages/vsp-mock/README.md', 'What is what');
    const [show = '', learnt = '', cut = ''] = commands.map((command) => command.replace('<dpu>', bed.dpuDpu));
    expect(await bed.kubectl.run(argumentsOf('kubectl', show))).toContain('br-swdpu');
    expect(await bed.kubectl.run(argumentsOf('kubectl', learnt))).toMatch(/VLAN +MAC/);
    const device = await bed.kubectl.exec('my-pod', 'default', ['printenv', 'DPU_DEVICES']);
    const down = cut.replace('swdpu-rep0', device.trim().replace('swdpu-vf', 'swdpu-rep'));
    await onNode(bed, bed.dpu, down);
    await untilPings(bed.kubectl, 'my-pod', address, false);
    await onNode(bed, bed.dpu, down.replace(' down', ' up'));
    await untilPings(bed.kubectl, 'my-pod', address);
  });

  it('the order to forget a host is not obeyed while that is connected, and is told so', async () => {
    const [command = ''] = await readmeCommands('When a side is away');
    const owner = `${bed.host}/${bed.hostDpu}`;
    await bed.kubectl.run(argumentsOf('kubectl', command.replace('<name>', bed.dpuDpu).replace('<host>', owner)));
    await eventually('the order is answered', async () => {
      const events = ['get', 'events', '-A', '--field-selector', 'reason=HostNotForgotten', '-o', 'name'];
      return (await bed.kubectl.run(events)).trim() || undefined;
    });
    await untilPings(bed.kubectl, 'my-pod', address);
  });

  it('the DPU side is not deleted while a host has ports on it, and says who', async () => {
    await bed.kubectl.run(['delete', 'dpu', bed.dpuDpu, '--wait=false']);
    await untilReadyIs(bed, bed.dpuDpu, 'False', 'InUse');
    const conditions = await bed.kubectl.run(['get', 'dpu', bed.dpuDpu, '-o', 'jsonpath={.status.conditions}']);
    expect(conditions).toContain(bed.host);
    await untilPings(bed.kubectl, 'my-pod', address);
    await deletePods(bed.kubectl, examplePods);
    await eventually('the object is made again', async () => {
      const { metadata } = await bed.kubectl.json<{ metadata: { deletionTimestamp?: string } }>([
        'get',
        'dpu',
        bed.dpuDpu,
      ]);
      return metadata.deletionTimestamp ? undefined : true;
    });
    await dpusReady(bed);
  });
});

describe('a node that loses its label dpu=true', () => {
  it('keeps its daemon until the last pod is gone, then nothing of the operator is left there', async () => {
    await startExamplePods(bed.kubectl);
    await bed.kubectl.run(['label', 'node', bed.host, 'dpu-']);
    await untilReadyIs(bed, bed.hostDpu, 'False', 'InUse');
    expect(await daemonPod(bed, bed.host)).not.toBe('');
    await deletePods(bed.kubectl, examplePods);
    await bed.kubectl.wait('delete', [`dpu/${bed.hostDpu}`]);
    await eventually('the daemon has gone', async () => (await daemonPod(bed, bed.host)) === '' || undefined);
    expect(await onNode(bed, bed.host, 'ls /opt/cni/bin')).not.toContain('dpu-cni');
    await bed.kubectl.wait('delete', [`pod/vsp-${bed.hostDpu}`], namespace);
    expect(await onNode(bed, bed.host, 'ip -o link')).not.toContain('swdpu-vf');
    const labels = await bed.kubectl.run(['get', 'node', bed.host, '-o', 'jsonpath={.metadata.labels}']);
    expect(labels).not.toContain('dpuside');
    await bed.kubectl.run(['label', 'node', bed.host, 'dpu=true']);
    await dpusReady(bed);
    expect(await bed.kubectl.run(['get', 'pods', '-n', namespace, '-o', 'name'])).toContain(`vsp-${bed.hostDpu}`);
  });
});
