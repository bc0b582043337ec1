import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { addresses, ExternalClient } from '../support/network/external.ts';
import { forward, makeRouter } from '../support/on-clusters/network-function.ts';
import { namespace, type OperatorFixture } from '../support/on-clusters/operator.ts';
import { deletePods, net1, untilPings } from '../support/on-clusters/pods.ts';
import { operatorIsOn } from './fixture.ts';

interface Pod {
  metadata: { uid: string };
  spec: { nodeName: string };
}

interface Chain {
  status: {
    node?: string;
    functions?: { name: string; podUid: string }[];
    conditions: { type: string; status: string }[];
  };
}

let fixture: OperatorFixture;
let external: ExternalClient;
const pods = ['my-pod', 'my-pod-2'];

beforeAll(async () => {
  fixture = await operatorIsOn();
  external = new ExternalClient(fixture.cluster, fixture.dpu);
  await external.create();
  await deletePods(fixture.kubectl, pods);
  await fixture.kubectl.run(['create', '-f', 'examples/my-pod.yaml', '-f', 'examples/my-pod-2.yaml']);
  await fixture.kubectl.wait(
    'condition=Ready',
    pods.map((pod) => `pod/${pod}`),
  );
  for (const pod of pods) {
    const route = ['ip', 'route', 'add', addresses.outsideNetwork, 'via', addresses.functionInside];
    await fixture.kubectl.exec(pod, 'default', route);
  }
});
afterAll(async () => {
  await deletePods(fixture.kubectl, pods);
  await external.delete();
});

async function trafficPassesThrough(pod: string): Promise<void> {
  const { kubectl } = fixture;
  const networkFunction = { kubectl, pod, namespace };
  const { functionInside, functionOutside } = addresses;
  await makeRouter(networkFunction, { inside: `${functionInside}/24`, outside: `${functionOutside}/24` });
  const { ip } = await net1(kubectl, 'my-pod-2');
  await untilPings(kubectl, 'my-pod', ip);
  await untilPings(kubectl, 'my-pod', addresses.functionInside);
  await untilPings(kubectl, pod, addresses.external, true, namespace);
  await untilPings(kubectl, 'my-pod', addresses.external);
  await forward(networkFunction, false);
  await untilPings(kubectl, 'my-pod', addresses.external, false);
}

const gone = (...names: string[]) =>
  fixture.kubectl.wait(
    'delete',
    names.map((name) => `pod/${name}`),
    namespace,
  );

describe('a service function chain', () => {
  it('runs its pod on the DPU node with net1 and net2, carries all traffic, and takes the pod with it', async () => {
    const { kubectl } = fixture;
    const [create = '', look = ''] = await documentCommands('docs/chains.md', 'Chains of network functions');
    await kubectl.run(argumentsOf('kubectl', create));
    await kubectl.wait('condition=Ready', ['sfc/sfc-test'], namespace);
    expect(await kubectl.run(argumentsOf('kubectl', look))).toMatch(/sfc-test +True +Running/);
    const pod = await kubectl.json<Pod>(['get', 'pod', '-n', namespace, 'my-nf']);
    expect(pod.spec.nodeName).toBe(fixture.dpu);
    const { status } = await kubectl.json<Chain>(['get', 'sfc', '-n', namespace, 'sfc-test']);
    expect(status.node).toBe(fixture.dpu);
    expect(status.functions).toEqual([{ name: 'my-nf', podUid: pod.metadata.uid }]);
    const links = await kubectl.exec('my-nf', namespace, ['ip', '-brief', 'link']);
    expect(links).toMatch(/^net1\b/m);
    expect(links).toMatch(/^net2\b/m);
    await trafficPassesThrough('my-nf');
    await kubectl.run(['delete', '-f', 'examples/sfc.yaml']);
    await gone('my-nf');
  });

  it('has a pod that was deleted made again, which carries the traffic as the first did', async () => {
    const { kubectl } = fixture;
    await kubectl.run(['create', '-f', 'examples/sfc.yaml']);
    await kubectl.wait('condition=Ready', ['sfc/sfc-test'], namespace);
    const { metadata } = await kubectl.json<Pod>(['get', 'pod', '-n', namespace, 'my-nf']);
    await kubectl.run(['delete', 'pod', '-n', namespace, 'my-nf', '--grace-period=1']);
    const healed = await eventually(
      'a chain that is ready with another pod',
      () => kubectl.json<Chain>(['get', 'sfc', '-n', namespace, 'sfc-test']),
      ({ status }) =>
        status.functions?.[0]?.podUid !== metadata.uid &&
        status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
    expect(healed.status.node).toBe(fixture.dpu);
    await trafficPassesThrough('my-nf');
    await kubectl.run(['delete', '-f', 'examples/sfc.yaml']);
    await gone('my-nf');
  });

  it('is the same as the pod written by hand', async () => {
    await fixture.kubectl.run(['create', '-f', 'examples/sfc-pod.yaml']);
    await fixture.kubectl.wait('condition=Ready', ['pod/sfc-pod'], namespace);
    await trafficPassesThrough('sfc-pod');
    await deletePods(fixture.kubectl, ['sfc-pod'], namespace);
  });

  it('stays Pending beyond what the DPU has, and runs as soon as another is deleted', async () => {
    const { kubectl } = fixture;
    const names = ['chain-1', 'chain-2', 'chain-3'];
    for (const name of names.slice(0, 2)) await kubectl.run(['create', '-f', '-'], await chain(name));
    await kubectl.wait('condition=Ready', ['sfc/chain-1', 'sfc/chain-2'], namespace);
    await kubectl.run(['create', '-f', '-'], await chain('chain-3'));
    await kubectl.wait('create', ['pod/nf-chain-3'], namespace);
    await kubectl.wait('condition=PodScheduled=false', ['pod/nf-chain-3'], namespace);
    await kubectl.wait('jsonpath={.status.conditions[?(@.type=="Ready")].reason}=Pending', ['sfc/chain-3'], namespace);
    await kubectl.run(['delete', 'sfc', '-n', namespace, 'chain-1']);
    await kubectl.wait('condition=Ready', ['sfc/chain-3'], namespace);
    await kubectl.run(['delete', 'sfc', '-n', namespace, 'chain-2', 'chain-3']);
    await gone(...names.map((name) => `nf-${name}`));
  });
});

async function chain(name: string): Promise<string> {
  const object = parse(await readFile('examples/sfc.yaml', 'utf8')) as {
    metadata: { name: string };
    spec: { networkFunctions: { name: string }[] };
  };
  object.metadata.name = name;
  for (const nf of object.spec.networkFunctions) nf.name = `nf-${name}`;
  return stringify(object);
}
