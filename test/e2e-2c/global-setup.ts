/** Before the first test file: two clusters with this checkout's images and nothing left of an earlier run. */
import { cleanCluster } from '../e2e/global-setup.ts';
import { clustersOf } from '../support/sides.ts';
import { ensureClusters } from './bed.ts';

export default async function setup(): Promise<void> {
  for (const { cluster } of clustersOf(await ensureClusters())) await cleanCluster(cluster);
  // A cluster that was not to be cleaned has gone meanwhile.
  for (const { cluster } of clustersOf(await ensureClusters())) await cluster.loadImages();
}
