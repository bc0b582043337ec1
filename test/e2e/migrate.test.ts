/** Over a running Go operator: docs/migrate.md, typed as it stands there, with pods that keep running. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../cluster/paths.ts';
import { run } from '../cluster/run.ts';
import { documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import { becomeGoOperator } from '../support/go-operator/become.ts';
import { twoDaemonsFile } from '../support/go-operator/programs.ts';
import { dpusReady, namespace, type OperatorFixture, useIpamThatIsThere } from '../support/on-clusters/operator.ts';
import { onNode, trafficGap } from '../support/on-clusters/outages.ts';
import { deletePods, examplePods, net1, startExamplePods, untilPings } from '../support/on-clusters/pods.ts';
import { ensureHelm } from '../support/programs/go-tools.ts';
import { typeMake } from '../support/programs/make.ts';
import { operatorIsOn } from './fixture.ts';

const config = 'dpuoperatorconfig/dpu-operator-config';

let fixture: OperatorFixture;
let address: string;
let uids: string;
let spec: unknown;
/** For network functions, on the node of the DPU while there are none. */
let devices: string;

beforeAll(async () => {
  fixture = await operatorIsOn();
  await deletePods(fixture.kubectl, examplePods);
  address = await startExamplePods(fixture.kubectl);
  devices = await dpuDevices();
  await startFunction();
  // Something that an installation would set otherwise. It starts the daemons anew, hence behind the pods.
  await fixture.kubectl.run(['patch', config, '--type=merge', '-p', '{"spec":{"logLevel":1}}']);
  uids = await podUids();
  await becomeGoOperator(fixture);
  spec = await specNow();
}, 1_800_000);
afterAll(async () => {
  await deletePods(fixture.kubectl, examplePods);
  await deletePods(fixture.kubectl, ['sfc-pod'], namespace);
});

/** The Go daemon keeps in its memory alone how a network function's devices are connected. */
const interrupting = '--interrupt-network-functions';

async function startFunction(): Promise<void> {
  await fixture.kubectl.run(['create', '-f', 'examples/sfc-pod.yaml']);
  await fixture.kubectl.wait('condition=Ready', ['pod/sfc-pod'], namespace);
}

const dpuDevices = () => onNode(fixture, fixture.dpu, 'ip -json link | jq -r .[].ifname | grep ^swdpu-nf | sort');

async function podUids(): Promise<string> {
  const uid = 'jsonpath={.items[*].metadata.uid}';
  const [pods, functions] = await Promise.all([
    fixture.kubectl.run(['get', 'pods', ...examplePods, '-o', uid]),
    fixture.kubectl.run(['get', 'pods', '-n', namespace, '--field-selector=metadata.name=sfc-pod', '-o', uid]),
  ]);
  return `${pods} ${functions}`;
}

async function specNow(): Promise<unknown> {
  return (await fixture.kubectl.json<{ spec: unknown }>(['get', config])).spec;
}

/** The command of the one block under a heading, with options behind it. */
async function make(heading: string, ...options: string[]): Promise<string> {
  const [command = '', ...more] = await documentCommands('docs/migrate.md', heading);
  expect(more).toEqual([]);
  const words = [command, ...options.map((option) => `OPTIONS=${option}`)];
  return typeMake(words.join(' '), { KUBECONFIG_HOST: fixture.cluster.kubeconfig });
}

/** Starts the migration and kills it when it says that. */
async function breakOffAt(says: string): Promise<void> {
  const dpuctl = join(repositoryRoot, 'packages/core/dist/bundle/dpuctl.mjs');
  const image = 'dpu-operator/operator:dev';
  const argv = [dpuctl, '--kubeconfig', fixture.cluster.kubeconfig, 'migrate', '--image', image, interrupting, 'start'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith(says)) continue;
    child.kill('SIGKILL');
    return;
  }
  throw new Error(`the migration ended before it said "${says}"`);
}

/** The Go operator's run until ours replaces them. */
async function vspsAreOurs(): Promise<void> {
  const hashes = 'jsonpath={.items[*].metadata.annotations.dpu\\.config\\.openshift\\.io/spec-hash}';
  await eventually('both VSPs are replaced', async () => {
    const marked = await fixture.kubectl.run(['get', 'pods', '-n', namespace, '-l', 'app=vsp', '-o', hashes]);
    return marked.split(' ').filter(Boolean).length === 2 || undefined;
  });
}

async function goObjects(): Promise<string[]> {
  const kinds = 'deployment,daemonset,service,serviceaccount,role,rolebinding';
  const everywhere = 'clusterrole,clusterrolebinding,mutatingwebhookconfiguration,validatingwebhookconfiguration';
  const names = await Promise.all([
    fixture.kubectl.run(['get', kinds, '-n', namespace, '-o', 'name']),
    fixture.kubectl.run(['get', everywhere, '-o', 'name']),
  ]);
  const known =
    /network-resources-injector-|dpu-daemon-|vsp-(sa|cluster)|dpu-operator-(manager|metrics|leader|webhook|valid)/;
  return names
    .join('\n')
    .split('\n')
    .filter((name) => known.test(name))
    .sort();
}

/** The commands under the heading: up to those that finish, or these. */
async function byJob(part: 'install' | 'finish'): Promise<void> {
  const commands = await documentCommands('docs/migrate.md', 'With a Job');
  const end = commands.findIndex((command) => command.includes('migrate-finish'));
  expect(end).toBeGreaterThan(0);
  for (const command of part === 'install' ? commands.slice(0, end) : commands.slice(end)) {
    const [program, ...args] = command.split(' ');
    if (program === 'helm') await helm(args);
    else if (command.endsWith('apply -k config/migrate')) await applyInterrupting('config/migrate');
    else await fixture.kubectl.run(args);
  }
}

/** The option goes in front of `start`. */
async function applyInterrupting(directory: string): Promise<void> {
  const objects = await fixture.kubectl.run(['kustomize', directory]);
  expect(objects).toContain('- start\n');
  await fixture.kubectl.run(['apply', '-f', '-'], objects.replace(/( *)- start\n/, `$1- ${interrupting}\n$&`));
}

async function helm(args: readonly string[]): Promise<string> {
  return run([await ensureHelm(console.log), ...args], { env: { KUBECONFIG: fixture.cluster.kubeconfig } });
}

async function uninstallRelease(): Promise<void> {
  await helm(['uninstall', 'dpu-operator', '--namespace', namespace, '--no-hooks', '--wait']);
  // The fixture's VSPs are ours without their marks: they come back with the account that they had.
  await fixture.kubectl.run(['create', 'serviceaccount', 'dpu-vsp', '-n', namespace]);
}

const onBoth = (script: string) =>
  Promise.all([fixture.host, fixture.dpu].map((node) => onNode(fixture.hostSide, node, script)));

async function oneDaemonANode(): Promise<void> {
  expect(await onBoth(`cat ${twoDaemonsFile} 2>/dev/null || true`)).toEqual(['', '']);
}

async function podsAreAsTheyWere(): Promise<void> {
  expect(await podUids()).toBe(uids);
  // This operator knows more fields, which have defaults.
  expect(await specNow()).toMatchObject(spec as object);
  await untilPings(fixture.kubectl, 'my-pod', address);
}

async function goOperatorRuns(objects: readonly string[]): Promise<void> {
  for (const workload of ['deployment/dpu-operator-controller-manager', 'daemonset/dpu-daemon']) {
    await fixture.kubectl.run(['rollout', 'status', '-n', namespace, workload, '--timeout=300s']);
  }
  const containers = 'jsonpath={.items[*].spec.template.spec.containers[*].name}';
  expect(await fixture.kubectl.run(['get', 'daemonset', '-n', namespace, '-o', containers])).toBe('dpu-daemon');
  expect(await goObjects()).toEqual(objects);
}

describe('over a running Go operator', () => {
  let before: string[];
  beforeAll(async () => {
    before = await goObjects();
    expect(before.length).toBeGreaterThan(12);
  });

  it('the check says what is in the way, and changes nothing', async () => {
    await expect(make('Before')).rejects.toThrow(`${namespace}/sfc-pod`);
    expect(await make('Before', interrupting)).toContain('nothing is in the way');
    await goOperatorRuns(before);
  });

  it('the way back leads from where a migration was broken off', async () => {
    await breakOffAt('take over the attachments');
    await make('The way back');
    await goOperatorRuns(before);
    await podsAreAsTheyWere();
    await oneDaemonANode();
  });

  it('the way back leads from this operator, installed by Helm with the steps as Jobs', async () => {
    const gap = await trafficGap(fixture, { pod: 'my-pod', address }, async () => {
      await byJob('install');
      await vspsAreOurs();
      await dpusReady(fixture);
    });
    console.log(`longest gap in a ping at 10/s while the Go operator was taken over: ${gap} ms`);
    await podsAreAsTheyWere();
    await uninstallRelease();
    await make('The way back');
    await goOperatorRuns(before);
    // Nobody speaks to its VSPs: the fixture's daemons have none of that.
    expect(await podUids()).toBe(uids);
    expect((await net1(fixture.kubectl, 'my-pod-2')).ip).toBe(address);
    await oneDaemonANode();
  });

  it('is taken over by one command, while pods keep running', async () => {
    await make('Take over', interrupting);
    await dpusReady(fixture);
    await podsAreAsTheyWere();
    await oneDaemonANode();
    expect(await goObjects()).toEqual([]);
    const { metadata } = await fixture.kubectl.json<{ metadata: { finalizers: string[] } }>(['get', config]);
    expect(metadata.finalizers).toEqual(['dpu.config.openshift.io/operator']);
    // There is nothing left for it to do.
    await byJob('finish');
  });

  it('devices of pods that the Go daemon attached come home, and serve others', async () => {
    await deletePods(fixture.kubectl, examplePods);
    await deletePods(fixture.kubectl, ['sfc-pod'], namespace);
    await eventually('the devices are home', async () => {
      const links = await onNode(fixture.hostSide, fixture.host, 'ip -oneline link');
      return (links.includes('swdpu-vf0') && links.includes('swdpu-vf1')) || undefined;
    });
    await eventually('those of network functions are, too', dpuDevices, (now) => now === devices);
    // The other operator's kind has no such field.
    await useIpamThatIsThere(fixture);
    address = await startExamplePods(fixture.kubectl);
    await startFunction();
  });
});
