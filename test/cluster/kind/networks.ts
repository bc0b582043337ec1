import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sourceHash } from '../images/source-hash.ts';
import { installStandin, type Nodes } from '../multus/install-standin.ts';
import { installUpstream, upstreamReachable } from '../multus/upstream.ts';
import { goPrograms, goRecipes } from '../node-image/go-programs.ts';
import { ensurePodNetwork } from '../pod-network/ptp.ts';
import type { Log } from '../progress.ts';
import type { Kubectl } from './kubectl.ts';
import { runOnNode } from './on-node.ts';

const nodesReadyTimeout = '180s';

/** On each node, and lost when the node restarts, as the routes are. */
const marker = '/run/dpu-operator-test-networks';

/** Pod network and secondary networks. Cheap when all is there. */
export async function installNetworks(log: Log, kubectl: Kubectl, nodes: Nodes): Promise<void> {
  const version = await sourceHash(join(import.meta.dirname, '../multus'), join(import.meta.dirname, '../pod-network'));
  if (await markedOnAll(nodes, version)) return;
  if (!(await hasKindnet(kubectl))) await ensurePodNetwork(nodes.exec, kubectl);
  await installPlugins(log, nodes);
  if (await upstreamReachable()) {
    await nodesReady(kubectl);
    await installUpstream(log, kubectl);
  } else {
    log('Multus is not to be had here: using the stand-in of test/cluster/multus, which is for tests only');
    await installStandin(log, kubectl, nodes);
  }
  await nodesReady(kubectl);
  await defaultServiceAccount(kubectl);
  await Promise.all(nodes.list.map(({ name }) => runOnNode(nodes.exec, name, ['tee', marker], version)));
}

async function markedOnAll(nodes: Nodes, version: string): Promise<boolean> {
  const markers = await Promise.all(nodes.list.map(({ name }) => nodes.exec(name, ['cat', marker])));
  return markers.every(({ stdout }) => stdout === version);
}

async function hasKindnet(kubectl: Kubectl): Promise<boolean> {
  const found = await kubectl.run([
    'get',
    'daemonset',
    'kindnet',
    '-n',
    'kube-system',
    '--ignore-not-found',
    '-o',
    'name',
  ]);
  return found.trim() !== '';
}

/** The published node image has only the plugins that kindnet calls. */
async function installPlugins(log: Log, nodes: Nodes): Promise<void> {
  const names = goRecipes.cni.packages.map((path) => path.split('/').at(-1) ?? '');
  for (const { name: node } of nodes.list) {
    const present = (await nodes.exec(node, ['ls', '/opt/cni/bin'])).stdout.split('\n');
    const missing = names.filter((name) => !present.includes(name));
    if (missing.length === 0) continue;
    const source = await goPrograms(log, goRecipes.cni);
    for (const name of missing) await nodes.copy(node, `${source}/${name}`, `/opt/cni/bin/${name}`);
  }
}

async function nodesReady(kubectl: Kubectl): Promise<void> {
  await kubectl.run(['wait', '--for=condition=Ready', 'nodes', '--all', `--timeout=${nodesReadyTimeout}`]);
}

/** Pods made before the controller made this account are refused. */
async function defaultServiceAccount(kubectl: Kubectl): Promise<void> {
  for (let attempts = 0; attempts < 120; attempts++) {
    const found = await kubectl.run(['get', 'serviceaccount', 'default', '--ignore-not-found', '-o', 'name']);
    if (found.trim() !== '') return;
    await sleep(500);
  }
  throw new Error('the ServiceAccount "default" does not appear: does kube-controller-manager run?');
}
