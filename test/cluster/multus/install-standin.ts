import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cachedDirectory } from '../cache.ts';
import { sourceHash } from '../images/source-hash.ts';
import type { Kubectl } from '../kind/kubectl.ts';
import { networkDirectory, runOnNode, writeNetwork } from '../kind/on-node.ts';
import { repositoryRoot } from '../paths.ts';
import { type Log, step } from '../progress.ts';
import { run } from '../run.ts';
import type { Cluster, ClusterNode } from '../types.ts';
import { networkAttachmentDefinition, standinAccess, tokenSecret } from './manifests.ts';

const type = 'multus-standin';
const source = join(import.meta.dirname, 'standin');
const program = `/opt/cni/bin/${type}`;
const home = `/etc/cni/${type}`;

/** What a node needs to be reached with; copying is left to the engine. */
export interface Nodes {
  list: readonly ClusterNode[];
  exec: Cluster['exec'];
  copy(node: string, source: string, target: string): Promise<void>;
}

/** Builds the stand-in and makes it the network plugin of every node. */
export async function installStandin(log: Log, kubectl: Kubectl, nodes: Nodes): Promise<void> {
  const { executable, version } = await buildStandin(log);
  await kubectl.apply(networkAttachmentDefinition, ...standinAccess);
  const kubeconfig = await makeKubeconfig(kubectl, nodes);
  await step(log, 'install the stand-in for Multus on the nodes', () =>
    Promise.all(nodes.list.map(({ name }) => installOnNode(nodes, name, { executable, version, kubeconfig }))),
  );
}

async function installOnNode(
  nodes: Nodes,
  node: string,
  { executable, version, kubeconfig }: { executable: string; version: string; kubeconfig: string },
): Promise<void> {
  const on = (argv: string[], input?: string) => runOnNode(nodes.exec, node, argv, input);
  const installed = await nodes.exec(node, ['cat', `${home}/version`]);
  if (installed.stdout.trim() !== version) {
    // Under another name first: the file may be running.
    await nodes.copy(node, executable, `${program}.new`);
    await on(['mv', `${program}.new`, program]);
  }
  await on(['mkdir', '-p', '-m', '700', home]);
  await on(['tee', `${home}/kubeconfig`], kubeconfig);
  await on(['tee', `${home}/version`], version);
  // Sorted first in the directory, and so the one list that the runtime calls.
  await writeNetwork(nodes.exec, node, `00-${type}.conflist`, networkList());
}

function networkList(): object {
  const plugin = {
    type,
    confDir: networkDirectory,
    kubeconfig: `${home}/kubeconfig`,
    cacheDir: `/var/lib/cni/${type}`,
    capabilities: { portMappings: true },
  };
  return { cniVersion: '1.0.0', name: type, plugins: [plugin] };
}

/** One executable without a runtime beside it: nodes have none. */
async function buildStandin(log: Log): Promise<{ executable: string; version: string }> {
  const version = await sourceHash(source);
  const directory = await cachedDirectory(log, type, version, async (out) => {
    const bun = join(repositoryRoot, 'node_modules/.bin/bun');
    await run([bun, 'build', '--compile', '--minify', '--outfile', join(out, type), join(source, 'main.ts')]);
  });
  return { executable: join(directory, type), version };
}

/** Names the control plane by its address: nodes have no cluster DNS. */
async function makeKubeconfig(kubectl: Kubectl, nodes: Nodes): Promise<string> {
  const { token, ca } = await readToken(kubectl);
  const ip = nodes.list.find(({ role }) => role === 'control-plane')?.ip;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server: `https://${ip}:6443`, 'certificate-authority-data': ca } }],
    users: [{ name: type, user: { token } }],
    contexts: [{ name: type, context: { cluster: 'cluster', user: type } }],
    'current-context': type,
  });
}

/** The control plane fills the Secret a moment after it was made. */
async function readToken(kubectl: Kubectl): Promise<{ token: string; ca: string }> {
  const { name, namespace } = tokenSecret;
  for (let attempts = 0; attempts < 60; attempts++) {
    const secret = JSON.parse(await kubectl.run(['get', 'secret', name, '--namespace', namespace, '-o', 'json']));
    if (secret.data?.token) {
      return { token: Buffer.from(secret.data.token, 'base64').toString(), ca: secret.data['ca.crt'] };
    }
    await sleep(500);
  }
  throw new Error(`Secret ${namespace}/${name} got no token: does kube-controller-manager run?`);
}
