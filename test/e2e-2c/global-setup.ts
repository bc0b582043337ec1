/** Before the first test file: two clusters with this checkout's images and nothing left of an earlier run. */
import { cleanCluster } from '../e2e/global-setup.ts';
import { clustersOf } from '../support/sides.ts';
import { ensureClusters } from './bed.ts';

export default async function setup(): Promise<void> {
  await Promise.all(clustersOf(await ensureClusters()).map(({ cluster }) => cleanCluster(cluster)));
  // A cluster that was not to be cleaned has gone meanwhile.
  await Promise.all(clustersOf(await ensureClusters()).map(({ cluster }) => cluster.loadImages()));
}
