/**
 * The tests' clusters. The first test file of a worker that needs one has it made, with this checkout's images and nothing
 * left of an earlier run; the files after it find it as it is.
 */
import { buildImages, type Cluster, ensureCluster, type Role } from '../../cluster/index.ts';
import { namespace, turnOff } from './operator.ts';

type Side = Exclude<Role, 'control-plane'>;

/** TEST_CLUSTER_NAME takes other Kind clusters than those of `dpu-test`. */
export const clusterName = process.env.TEST_CLUSTER_NAME ?? 'dpu-test';

const log = console.log;
const opened = new Map<string, Promise<Cluster>>();

export function testCluster(name: string, sides: readonly Side[]): Promise<Cluster> {
  return opened.get(name) ?? keep(name, prepare(name, sides));
}

/** After its nodes were restarted: they may have other addresses, and lost what a test cluster needs beside Kubernetes. */
export async function reopen(name: string, sides: readonly Side[]): Promise<void> {
  await keep(name, ensureCluster({ name, log }, sides));
}

function keep(name: string, cluster: Promise<Cluster>): Promise<Cluster> {
  opened.set(name, cluster);
  // The next file tries again.
  cluster.catch(() => opened.delete(name));
  return cluster;
}

async function prepare(name: string, sides: readonly Side[]): Promise<Cluster> {
  const [found] = await Promise.all([ensureCluster({ name, log }, sides), buildImages(log)]);
  await clean(found);
  // One that was not to be cleaned has gone meanwhile.
  const cluster = await ensureCluster({ name, log }, sides);
  await cluster.loadImages();
  return cluster;
}

/** Takes the operator away; where that does not work, the cluster: who ensures it makes it anew. */
async function clean(cluster: Cluster): Promise<void> {
  const { kubectl } = cluster;
  const { exitCode } = await kubectl.try(['get', 'crd', 'dpuoperatorconfigs.config.openshift.io']);
  if (exitCode !== 0) return;
  try {
    await turnOff(cluster);
    await kubectl.run(['delete', 'vendorplugins', '--all', '--timeout=180s']);
    await kubectl.run(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=180s']);
  } catch (error) {
    // A run that was killed, or a version that was broken, can leave what the present one cannot take away.
    log(`cluster ${cluster.name} of an earlier run is not to be cleaned (${error}): making it anew`);
    await cluster.delete();
  }
}
