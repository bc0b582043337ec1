import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { dpusReady, namespace, type TestBed, turnOn, useIpamThatIsThere } from '../support/operator.ts';
import { deletePods, net1, untilPings } from '../support/pods.ts';
import { readmeCommands } from '../support/readme.ts';
import { daemonDirectory, objectsLeft, traces } from '../support/traces.ts';
import { operatorIsOff } from './bed.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await operatorIsOff();
});

const podNames = ['pod/my-pod', 'pod/my-pod-2'];

/** What the README tells a cluster operator to type, from installing to taking away, and what it promises on the way. */
async function followReadme(): Promise<void> {
  const { kubectl, host, dpu } = bed;
  const promises = new Map<string, () => Promise<void>>([
    [
      'kubectl create -f examples/config.yaml',
      async () => {
        await useIpamThatIsThere(bed);
        await dpusReady(bed);
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
async function anybodyMakesPods({ kubectl }: TestBed): Promise<void> {
  for (const label of ['a=b', 'dpu.config.openshift.io/chain=a']) {
    const pod = ['run', 'stranger', '--image=none', '-l', label];
    await kubectl.run([...pod, '--dry-run=server']);
  }
}

describe('everything deleted', () => {
  it('leaves nothing behind, and can be created again', async () => {
    const { kubectl, host, dpu } = bed;
    await kubectl.run(['label', '--overwrite', 'node', host, dpu, 'dpu=true']);
    const before = [await traces(bed.hostSide), await traces(bed.dpuSide)];
    expect(before.join(), 'left by what ran before').not.toContain(daemonDirectory);
    for (const round of [1, 2]) {
      await followReadme();
      await eventually(
        `round ${round}: no object is left`,
        async () => (await objectsLeft(bed)).length === 0 || undefined,
      );
      expect([await traces(bed.hostSide), await traces(bed.dpuSide)]).toEqual(before);
      await anybodyMakesPods(bed);
    }
  });

  it('waits for the pods that still use a DPU, and says which', async () => {
    const { kubectl, hostDpu } = bed;
    await turnOn(bed);
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
});
