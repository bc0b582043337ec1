/**
 * The main job, through whatever card there is: two pods of a host talk, and a network function stands between them and
 * the outside.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { forward, makeRouter, type NetworkFunction } from '../support/on-clusters/network-function.ts';
import { namespace } from '../support/on-clusters/operator.ts';
import { deletePods, examplePods, net1, tcpPasses, untilPings } from '../support/on-clusters/pods.ts';
import type { Side } from '../support/on-clusters/sides.ts';

type End = Pick<Side, 'kubectl' | 'node' | 'dpu'>;

export interface Ends {
  hostSide: End;
  dpuSide: End;
}

/** A machine beyond the card's uplink. */
export interface Outside {
  /** Address of the network function there, with its prefix. */
  functionAddress: string;
  /** Address of the machine. */
  address: string;
  /** Both are in it. */
  network: string;
  /** Gives the machine its address, and a way to the pods' network. */
  connect(podNetwork: string): Promise<void>;
  disconnect(): Promise<void>;
}

export interface MainJobOptions {
  ends: () => Ends;
  /** Or why there is none that can be reached. */
  outside: Outside | { missing: string };
  /** MACs that the DPU's bridge has learnt, where they can be asked for, in a text. */
  learnt?: () => Promise<string>;
  /** Of pods and network function. Default: the examples' own. */
  image?: string | undefined;
}

const chain = ['sfc/sfc-test', '-n', namespace] as const;
const functionPod = 'my-nf';

export function mainJobSteps({ ends, outside, learnt, image }: MainJobOptions): void {
  const host = () => ends().hostSide.kubectl;
  const dpu = () => ends().dpuSide.kubectl;
  const create = async (kubectl: typeof host, ...examples: string[]) => {
    for (const example of examples) {
      const text = await readFile(`examples/${example}.yaml`, 'utf8');
      await kubectl().run(['create', '-f', '-'], image ? text.replace(/image: .*/g, `image: ${image}`) : text);
    }
  };
  const podLinks = () => Promise.all(examplePods.map((pod) => net1(host(), pod)));
  const addresses = async () => (await podLinks()).map(({ ip }) => ip);
  const podsReachEachOther = async () => {
    const [first = '', second = ''] = await addresses();
    await untilPings(host(), 'my-pod', second);
    await untilPings(host(), 'my-pod-2', first);
  };

  beforeAll(async () => {
    await dpu().run(['delete', ...chain, '--ignore-not-found', '--timeout=180s']);
    await deletePods(host(), examplePods);
  });
  afterAll(async () => {
    await dpu().run(['delete', ...chain, '--ignore-not-found', '--timeout=180s']);
    await deletePods(host(), examplePods);
    if (!('missing' in outside)) await outside.disconnect();
  });

  it("two pods get net1 and reach each other, through the DPU's bridge where that can be asked", async () => {
    await create(host, ...examplePods);
    await host().wait(
      'condition=Ready',
      examplePods.map((pod) => `pod/${pod}`),
    );
    await podsReachEachOther();
    const table = await learnt?.();
    if (table !== undefined) for (const { mac } of await podLinks()) expect(table).toContain(mac);
  });

  it('they carry TCP, not only ping', async () => {
    await tcpPasses(host(), 'my-pod', 'my-pod-2');
  });

  it("a chain's pod runs on the DPU with net1 and net2, and the pods reach each other", async () => {
    await create(dpu, 'sfc');
    await dpu().wait('condition=Ready', ['sfc/sfc-test'], namespace);
    const pod = ['get', 'pod', '-n', namespace, functionPod, '-o', 'jsonpath={.spec.nodeName}'];
    expect(await dpu().run(pod)).toBe(ends().dpuSide.node);
    const links = await dpu().exec(functionPod, namespace, ['ip', '-brief', 'link']);
    expect(links).toMatch(/^net1\b/m);
    expect(links).toMatch(/^net2\b/m);
    await podsReachEachOther();
  });

  const isSkipped = 'missing' in outside;
  const why = isSkipped ? ` (skipped: ${outside.missing})` : '';
  it.skipIf(isSkipped)(`pods reach the outside through the network function, and only by it${why}`, async () => {
    if ('missing' in outside) return;
    const network: NetworkFunction = { kubectl: dpu(), pod: functionPod, namespace };
    const [first = ''] = await addresses();
    const podNetwork = first.replace(/\d+$/, '0/24');
    // Below those that the network's IPAM gives.
    const inside = first.replace(/\d+$/, '2');
    await makeRouter(network, { inside: `${inside}/24`, outside: outside.functionAddress });
    await outside.connect(podNetwork);
    for (const pod of examplePods) {
      await host().exec(pod, 'default', ['ip', 'route', 'replace', outside.network, 'via', inside]);
      await untilPings(host(), pod, inside);
    }
    await untilPings(dpu(), functionPod, outside.address, true, namespace);
    for (const pod of examplePods) await untilPings(host(), pod, outside.address);
    await forward(network, false);
    await untilPings(host(), 'my-pod', outside.address, false);
    await podsReachEachOther();
  });

  it("the chain's pod goes with it, and the pods reach each other", async () => {
    await dpu().run(['delete', ...chain, '--timeout=180s']);
    await dpu().wait('delete', [`pod/${functionPod}`], namespace);
    await podsReachEachOther();
  });

  it('deleted pods give their devices back', async () => {
    await deletePods(host(), examplePods);
    await create(host, ...examplePods);
    await host().wait(
      'condition=Ready',
      examplePods.map((pod) => `pod/${pod}`),
    );
    await podsReachEachOther();
  });
}
