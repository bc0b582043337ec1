/** Before the first test file: a cluster with this checkout's images and nothing left of an earlier run. */
import { type Cluster, ensureCluster } from '../cluster/index.ts';
import { namespace } from '../support/operator.ts';
import { testCluster, turnOff } from './bed.ts';

export default async function setup(): Promise<void> {
  await cleanCluster(await ensureCluster(testCluster));
  const cluster = await ensureCluster(testCluster);
  await cluster.loadImages();
}

/** Takes the operator away; where that does not work, the cluster: the next who ensures it makes it anew. */
export async function cleanCluster(cluster: Cluster): Promise<void> {
  const { kubectl } = cluster;
  const { exitCode } = await kubectl.try(['get', 'crd', 'dpuoperatorconfigs.config.openshift.io']);
  if (exitCode !== 0) return;
  try {
    await turnOff(cluster);
    await kubectl.run(['delete', 'vendorplugins', '--all', '--timeout=180s']);
    await kubectl.run(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=180s']);
  } catch (error) {
    // A run that was killed, or a version that was broken, can leave what the present one cannot take away.
    console.log(`cluster ${cluster.name} of an earlier run is not to be cleaned (${error}): making it anew`);
    await cluster.delete();
  }
}
