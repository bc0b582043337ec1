/**
 * From the operator of another commit to this one and back, with pods and a chain, and two pings of 10 a second: from pod
 * to pod, and from a pod through the chain's network function to the outside. `make test-upgrade FROM=<commit>`. What docs/upgrade.md says of order, gaps and skew is measured here.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repositoryRoot } from '../cluster/paths.ts';
import { eventually } from '../support/eventually.ts';
import { addresses, ExternalClient } from '../support/external.ts';
import { makeRouter } from '../support/network-function.ts';
import { configureSide, dpusReady, namespace, type TestBed, testBed, turnOff, turnOn } from '../support/operator.ts';
import { daemonPod, initialisedAt, outageMs, trafficGap } from '../support/outages.ts';
import { deletePods, examplePods, startExamplePods, untilPings } from '../support/pods.ts';
import { documentCommands } from '../support/readme.ts';
import { bothSides } from '../support/sides.ts';
import { clusterName, testCluster } from '../support/test-cluster.ts';
import { builtCheckout, loadImagesOf, withRelease } from './release.ts';

const guide = 'docs/upgrade.md';

/** Nothing answers to it: no node has such an image, and no registry. */
const nowhere = 'not-there';
/**
 * Milliseconds. The software DPU's switch runs in its VSP's pod and is away until the next one has started, as long as
 * that takes; a card's switch is not in a pod.
 */
const vspGapMs = 60_000;
/** Milliseconds. A chain's pod is away for as long, and is made again after it. */
const chainGapMs = 180_000;

let bed: TestBed;
let old: string;
let address: string;
let external: ExternalClient | undefined;

beforeAll(async () => {
  const from = process.env.FROM;
  if (!from) throw new Error('FROM names no commit: make test-upgrade FROM=<commit>');
  bed = testBed(await testCluster(clusterName, ['host', 'dpu']));
  old = await builtCheckout(from);
  await loadImagesOf(old, bed.cluster, 'old');
  await follow('Going on', old, { operator: 'old', vsp: 'old' });
  await configureSide(bed.hostSide, 'host', { numVfs: 4, settings: { peer: `{nodeIp:${bed.dpu}}` } });
  await configureSide(bed.dpuSide, 'dpu', { settings: { peer: `{nodeIp:${bed.host}}`, networkFunctionPorts: 2 } });
  await turnOn(bed);
  external = new ExternalClient(bed.cluster, bed.dpu);
  await external.create();
  await bed.kubectl.run(['create', '-f', 'examples/sfc.yaml']);
  await functionRoutes();
  await podsComeAndGo();
});
afterAll(async () => {
  await turnOff(bed);
  await external?.delete();
});

const nothingLost = { pods: outageMs, chain: outageMs };
const pluginsReplaced = { pods: vspGapMs, chain: chainGapMs };

const figures: string[] = [];
afterAll(() => console.log(figures.join('\n')));

async function gapOf(
  what: string,
  limitsMs: { pods: number; chain: number },
  event: () => Promise<unknown>,
): Promise<void> {
  const start = performance.now();
  let seconds = 0;
  let chain = 0;
  const pods = await trafficGap(bed.hostSide, { pod: 'my-pod', address }, async () => {
    chain = await trafficGap(bed.hostSide, { pod: 'my-pod-2', address: addresses.external }, async () => {
      await event();
      seconds = Math.round((performance.now() - start) / 1000);
    });
  });
  figures.push(`${what}: longest gap ${pods} ms from pod to pod, ${chain} ms through the chain; took ${seconds} s`);
  expect(pods, what).toBeLessThan(limitsMs.pods);
  expect(chain, `${what}, through the chain`).toBeLessThan(limitsMs.chain);
}

const get = async (path: string, ...what: string[]): Promise<string> =>
  (await bed.kubectl.run(['get', '-n', namespace, ...what, '-o', `jsonpath=${path}`])).trim();

const daemonImages = () => get('{.items[*].spec.containers[0].image}', 'pod', '-l', 'app=dpu-daemon');
const vspImages = () => get('{.items[*].spec.containers[0].image}', 'pod', '-l', 'app=vsp');

const untilImages = (what: string, look: () => Promise<string>, tag: string) =>
  eventually(`${what} are of ${tag}`, look, (images) => {
    const all = images.split(' ');
    return all.length === 2 && all.every((image) => image.endsWith(`:${tag}`));
  });

async function rolledOut(tag: string): Promise<void> {
  await bed.kubectl.run([
    'rollout',
    'status',
    '-n',
    namespace,
    'deployment/dpu-operator-controller-manager',
    '--timeout=300s',
  ]);
  await untilImages('daemons', daemonImages, tag);
  await bed.kubectl.run(['rollout', 'status', '-n', namespace, 'daemonset/dpu-daemon', '--timeout=300s']);
}

/** As a network function does when it starts. The DPU's side is free of pods while its plugin is replaced. */
async function functionRoutes(): Promise<void> {
  await bed.kubectl.wait('condition=Ready', ['sfc/sfc-test'], namespace);
  const { functionInside, functionOutside } = addresses;
  const router = { kubectl: bed.kubectl, pod: 'my-nf', namespace };
  await makeRouter(router, { inside: `${functionInside}/24`, outside: `${functionOutside}/24` });
}

async function podsComeAndGo(): Promise<void> {
  await deletePods(bed.kubectl, examplePods);
  address = await startExamplePods(bed.kubectl);
  for (const pod of examplePods) {
    const route = ['ip', 'route', 'add', addresses.outsideNetwork, 'via', addresses.functionInside];
    await bed.kubectl.exec(pod, 'default', route);
    await untilPings(bed.kubectl, pod, addresses.external);
  }
}

/** Types what stands under a heading of the guide, for a checkout's manifests with these tags. */
async function follow(heading: string, checkout: string, tags: Parameters<typeof withRelease>[1]): Promise<void> {
  const commands = await documentCommands(guide, heading);
  expect(commands.join()).toContain('config/default');
  await withRelease(checkout, tags, async (directory) => {
    for (const command of commands) {
      const [program, ...args] = command.replace('config/default', directory).split(' ');
      expect(program).toBe('kubectl');
      await bed.kubectl.run(args);
    }
  });
}

const secondsOf = (time: string) => Date.parse(time) / 1000;

it('newer kinds are applied under the older operator', async () => {
  await gapOf('kinds of this release, operator of the older', nothingLost, async () => {
    await bed.kubectl.run(['apply', '--server-side', '--force-conflicts', '-k', 'config/crd']);
    await dpusReady(bed);
  });
});

it('an image of the plugins that cannot be pulled stops the upgrade at the daemons, says so, and costs no traffic', async () => {
  const inits = await Promise.all(bothSides(bed).map((side) => initialisedAt(side, side.dpu)));
  await gapOf('operator and daemons', nothingLost, async () => {
    await follow('Going on', repositoryRoot, { operator: 'dev', vsp: nowhere });
    await rolledOut('dev');
    await dpusReady(bed);
  });
  const [command = ''] = await documentCommands(guide, 'What happens, in this order');
  const said = () => bed.kubectl.run(command.replaceAll("'", '').split(' ').slice(1));
  await eventually('both say which image', said, (text) => text.split(`vsp:${nowhere}`).length > 2);
  expect(await vspImages()).not.toContain(nowhere);
  expect(await Promise.all(bothSides(bed).map((side) => initialisedAt(side, side.dpu)))).toEqual(inits);
});

it('with daemons of this release and plugins of the older, pods come and go', podsComeAndGo);

it('plugins follow one after the other', async () => {
  await gapOf('plugins', pluginsReplaced, async () => {
    await follow('Going on', repositoryRoot, { operator: 'dev', vsp: 'dev' });
    await rolledOut('dev');
    await untilImages('VSPs', vspImages, 'dev');
    await dpusReady(bed);
    await functionRoutes();
  });
  const starts = await get('{.items[*].metadata.creationTimestamp}', 'pod', '-l', 'app=vsp');
  const path = '{.items[*].status.conditions[?(@.type=="Ready")].lastTransitionTime}';
  const ready = await get(path, 'pod', '-l', 'app=vsp');
  const daemons = await get(path, 'pod', '-l', 'app=dpu-daemon');
  const [first = 0, second = 0] = starts.split(' ').map(secondsOf).sort();
  expect(second).toBeGreaterThanOrEqual(Math.min(...ready.split(' ').map(secondsOf)));
  expect(first).toBeGreaterThanOrEqual(Math.max(...daemons.split(' ').map(secondsOf)));
  await podsComeAndGo();
});

it('an older daemon on either side works with the other side and the plugins of this release', async () => {
  const scale = (replicas: number) =>
    bed.kubectl.run(['scale', '-n', namespace, 'deployment/dpu-operator-controller-manager', `--replicas=${replicas}`]);
  await scale(0);
  await bed.kubectl.wait('delete', ['pod', '-l', 'app=dpu-operator-controller-manager'], namespace);
  const patch = {
    spec: {
      updateStrategy: { type: 'OnDelete', rollingUpdate: null },
      template: { spec: { containers: [{ name: 'daemon', image: 'dpu-operator/operator:old' }] } },
    },
  };
  await bed.kubectl.run(['patch', '-n', namespace, 'daemonset', 'dpu-daemon', '-p', JSON.stringify(patch)]);
  for (const side of bothSides(bed)) {
    await gapOf(`older daemon on ${side.node}`, nothingLost, async () => {
      await bed.kubectl.run(['delete', 'pod', '-n', namespace, await daemonPod(side, side.node)]);
      const found = await eventually(
        'the next daemon is there',
        async () => (await daemonPod(side, side.node)) || undefined,
      );
      await bed.kubectl.wait('condition=Ready', [`pod/${found}`], namespace);
      await untilPings(bed.kubectl, 'my-pod', address);
    });
    await podsComeAndGo();
  }
  await scale(2);
  await rolledOut('dev');
  await dpusReady(bed);
});

it('goes back', async () => {
  await gapOf('back to the older release', pluginsReplaced, async () => {
    await follow('Going back', old, { operator: 'old', vsp: 'old' });
    await rolledOut('old');
    await untilImages('VSPs', vspImages, 'old');
    await dpusReady(bed);
    await functionRoutes();
  });
  await podsComeAndGo();
});

it('and forth again at once', async () => {
  await gapOf('all at once', pluginsReplaced, async () => {
    await follow('Going on', repositoryRoot, { operator: 'dev', vsp: 'dev' });
    await rolledOut('dev');
    await untilImages('VSPs', vspImages, 'dev');
    await dpusReady(bed);
    await functionRoutes();
  });
});
