/**
 * From the operator of another commit to this one and back, with pods and a chain, and two pings of 10 a second: from pod
 * to pod, and from a pod through the chain's network function to the outside. `make test-upgrade FROM=<commit>`. What docs/upgrade.md says of order, gaps and skew is measured here.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repositoryRoot } from '../cluster/paths.ts';
import { documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { addresses, ExternalClient } from '../support/network/external.ts';
import { makeRouter } from '../support/on-clusters/network-function.ts';
import {
  configureSide,
  dpusReady,
  namespace,
  type OperatorFixture,
  operatorFixture,
  turnOff,
  turnOn,
} from '../support/on-clusters/operator.ts';
import { daemonPod, initialisedAt, trafficGap } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/on-clusters/pods.ts';
import { bothSides } from '../support/on-clusters/sides.ts';
import { clusterName, testCluster } from '../support/on-clusters/test-cluster.ts';
import { builtCheckout, loadImagesOf } from './release.ts';
import { follow, guide, imagesOf, ofPods, operatorAndDaemonsAre, pluginsAre } from './steps.ts';

/** Nothing answers to it: no node has such an image, and no registry. */
const nowhere = 'not-there';
/**
 * Milliseconds. The software DPU's switch runs in its VSP's pod and is away until the next one has started, as long as
 * that takes; a card's switch is not in a pod.
 */
const vspGapMs = 60_000;
/** Milliseconds. A chain's pod is away for as long, and is made again after it. */
const chainGapMs = 180_000;

let fixture: OperatorFixture;
let old: string;
let address: string;
let external: ExternalClient | undefined;

beforeAll(async () => {
  const from = process.env.FROM;
  if (!from) throw new Error('FROM names no commit: make test-upgrade FROM=<commit>');
  fixture = operatorFixture(await testCluster(clusterName, ['host', 'dpu']));
  old = await builtCheckout(from);
  await loadImagesOf(old, fixture.cluster, 'old');
  await follow(fixture.kubectl, 'Going on', old, { operator: 'old', vsp: 'old' });
  await configureSide(fixture.hostSide, 'host', { numVfs: 4, settings: { peer: `{nodeIp:${fixture.dpu}}` } });
  await configureSide(fixture.dpuSide, 'dpu', {
    settings: { peer: `{nodeIp:${fixture.host}}`, networkFunctionPorts: 2 },
  });
  await turnOn(fixture);
  external = new ExternalClient(fixture.cluster, fixture.dpu);
  await external.create();
  await fixture.kubectl.run(['create', '-f', 'examples/sfc.yaml']);
  await functionRoutes();
  await podsComeAndGo();
});
afterAll(async () => {
  await turnOff(fixture);
  await external?.delete();
});

/**
 * Milliseconds, where the data path stays: that it does is seen by its ports. An answer comes late where the machine is
 * busy, as the software DPU's switch is a process.
 */
const lateMs = 15_000;
const nothingLost = { pods: lateMs, chain: lateMs };
const pluginsReplaced = { pods: vspGapMs, chain: chainGapMs };

const figures: string[] = [];
afterAll(() => console.log(figures.join('\n')));

/** The bridge's ports as Open vSwitch numbers them: another number is a port that was away. */
async function bridgePorts(): Promise<string[]> {
  const shown = await fixture.kubectl.exec(`vsp-${fixture.dpuDpu}`, namespace, ['ovs-ofctl', 'show', 'br-swdpu']);
  return (shown.match(/\d+\(swdpu-[^)]+\)/g) ?? []).sort();
}

/** An event that leaves the data path as it is. */
async function withoutLoss(what: string, event: () => Promise<unknown>): Promise<void> {
  const before = await bridgePorts();
  expect(before.length).toBeGreaterThan(2);
  await gapOf(what, nothingLost, event);
  expect(await bridgePorts(), what).toEqual(before);
}

async function gapOf(
  what: string,
  limitsMs: { pods: number; chain: number },
  event: () => Promise<unknown>,
): Promise<void> {
  const start = performance.now();
  let seconds = 0;
  let chain = 0;
  const pods = await trafficGap(fixture.hostSide, { pod: 'my-pod', address }, async () => {
    chain = await trafficGap(fixture.hostSide, { pod: 'my-pod-2', address: addresses.external }, async () => {
      await event();
      seconds = Math.round((performance.now() - start) / 1000);
    });
  });
  figures.push(`${what}: longest gap ${pods} ms from pod to pod, ${chain} ms through the chain; took ${seconds} s`);
  expect(pods, what).toBeLessThan(limitsMs.pods);
  expect(chain, `${what}, through the chain`).toBeLessThan(limitsMs.chain);
}

/** As a network function does when it starts. The DPU's side is free of pods while its plugin is replaced. */
async function functionRoutes(): Promise<void> {
  await fixture.kubectl.wait('condition=Ready', ['sfc/sfc-test'], namespace);
  const { functionInside, functionOutside } = addresses;
  const router = { kubectl: fixture.kubectl, pod: 'my-nf', namespace };
  await makeRouter(router, { inside: `${functionInside}/24`, outside: `${functionOutside}/24` });
}

async function podsComeAndGo(): Promise<void> {
  await deletePods(fixture.kubectl, examplePods);
  address = await startExamplePods(fixture.kubectl);
  for (const pod of examplePods) {
    const route = ['ip', 'route', 'add', addresses.outsideNetwork, 'via', addresses.functionInside];
    await fixture.kubectl.exec(pod, 'default', route);
    await untilPings(fixture.kubectl, pod, addresses.external);
  }
}

/** Seconds, as creation timestamps have no parts of them. */
const secondsOf = (time: string) => Math.floor(Date.parse(time) / 1000);

/** The first plugin behind the last daemon, and the second behind a first that works. */
async function changedInOrder(): Promise<void> {
  const { kubectl } = fixture;
  const daemons = await ofPods(kubectl, 'app=dpu-daemon', '.status.containerStatuses[0].state.running.startedAt');
  const plugins = await Promise.all(
    bothSides(fixture).map(async (side) => {
      const [created = ''] = await ofPods(kubectl, `dpu-name=${side.dpu}`, '.metadata.creationTimestamp');
      return { created: secondsOf(created), works: secondsOf(await initialisedAt(side, side.dpu)) };
    }),
  );
  const [first, second] = plugins.toSorted((one, other) => one.created - other.created);
  expect(daemons).toHaveLength(2);
  expect(first?.created).toBeGreaterThanOrEqual(Math.max(...daemons.map(secondsOf)));
  expect(second?.created).toBeGreaterThanOrEqual(first?.works ?? Number.NaN);
}

it('newer kinds are applied under the older operator', async () => {
  await withoutLoss('kinds of this release, operator of the older', async () => {
    await fixture.kubectl.run(['apply', '--server-side', '--force-conflicts', '-k', 'config/crd']);
    await dpusReady(fixture);
  });
});

it('an image of the plugins that cannot be pulled stops the upgrade at the daemons, says so, and costs no traffic', async () => {
  const inits = await Promise.all(bothSides(fixture).map((side) => initialisedAt(side, side.dpu)));
  await withoutLoss('operator and daemons', async () => {
    await follow(fixture.kubectl, 'Going on', repositoryRoot, { operator: 'dev', vsp: nowhere });
    await operatorAndDaemonsAre(fixture.kubectl, 'dev', 2);
    await dpusReady(fixture);
  });
  const [command = ''] = await documentCommands(guide, 'What happens, in this order');
  const said = () => fixture.kubectl.run(command.replaceAll("'", '').split(' ').slice(1));
  await eventually('both say which image', said, (text) => text.split(`vsp:${nowhere}`).length > 2);
  expect((await imagesOf(fixture.kubectl, 'app=vsp')).join()).not.toContain(nowhere);
  expect(await Promise.all(bothSides(fixture).map((side) => initialisedAt(side, side.dpu)))).toEqual(inits);
});

it('with daemons of this release and plugins of the older, pods come and go', podsComeAndGo);

/** Operator, daemons and plugins, as a guide's commands have it. */
async function becomes(heading: string, root: string, release: 'old' | 'dev'): Promise<void> {
  await follow(fixture.kubectl, heading, root, { operator: release, vsp: release });
  await operatorAndDaemonsAre(fixture.kubectl, release, 2);
  await pluginsAre(fixture.kubectl, release, 2);
  await dpusReady(fixture);
  await functionRoutes();
}

it('plugins follow one after the other', async () => {
  await gapOf('plugins', pluginsReplaced, () => becomes('Going on', repositoryRoot, 'dev'));
  await changedInOrder();
  await podsComeAndGo();
});

it('an older daemon on either side works with the other side and the plugins of this release', async () => {
  const scale = (replicas: number) =>
    fixture.kubectl.run([
      'scale',
      '-n',
      namespace,
      'deployment/dpu-operator-controller-manager',
      `--replicas=${replicas}`,
    ]);
  await scale(0);
  await fixture.kubectl.wait('delete', ['pod', '-l', 'app=dpu-operator-controller-manager'], namespace);
  const patch = {
    spec: {
      updateStrategy: { type: 'OnDelete', rollingUpdate: null },
      template: { spec: { containers: [{ name: 'daemon', image: 'dpu-operator/operator:old' }] } },
    },
  };
  await fixture.kubectl.run(['patch', '-n', namespace, 'daemonset', 'dpu-daemon', '-p', JSON.stringify(patch)]);
  for (const side of bothSides(fixture)) {
    await withoutLoss(`older daemon on ${side.node}`, async () => {
      await fixture.kubectl.run(['delete', 'pod', '-n', namespace, await daemonPod(side, side.node)]);
      const found = await eventually(
        'the next daemon is there',
        async () => (await daemonPod(side, side.node)) || undefined,
      );
      await fixture.kubectl.wait('condition=Ready', [`pod/${found}`], namespace);
      await untilPings(fixture.kubectl, 'my-pod', address);
    });
    await podsComeAndGo();
  }
  await scale(2);
  await operatorAndDaemonsAre(fixture.kubectl, 'dev', 2);
  await dpusReady(fixture);
});

it('goes back', async () => {
  await gapOf('back to the older release', pluginsReplaced, () => becomes('Going back', old, 'old'));
  await podsComeAndGo();
});

it('and forth again at once', async () => {
  await gapOf('all at once', pluginsReplaced, () => becomes('Going on', repositoryRoot, 'dev'));
  await changedInOrder();
});
