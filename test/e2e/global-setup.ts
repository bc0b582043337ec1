/** Before the first test file: a cluster with this checkout's images and nothing left of an earlier run. */
import { ensureCluster } from '../cluster/index.ts';
import { namespace, testBed } from '../support/operator.ts';
import { testCluster, turnOff } from './bed.ts';

export default async function setup(): Promise<void> {
  const ensure = () => ensureCluster(testCluster);
  let cluster = await ensure();
  const { kubectl } = testBed(cluster);
  const { exitCode } = await kubectl.try(['get', 'crd', 'dpuoperatorconfigs.config.openshift.io']);
  if (exitCode === 0) {
    try {
      await turnOff(testBed(cluster));
      await kubectl.run(['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=180s']);
    } catch (error) {
      // A run that was killed, or a version that was broken, can leave what the present one cannot take away.
      console.log(`the cluster of an earlier run is not to be cleaned (${error}): making it anew`);
      await cluster.delete();
      cluster = await ensure();
    }
  }
  await cluster.loadImages();
}
