import { findEngine } from './engine/engine.ts';
import { parseImageNames } from './images/image-inputs.ts';
import { buildImage } from './images/images.ts';
import { openExistingCluster } from './kind/existing.ts';
import { KindClusters } from './kind/kind.ts';
import type { Side } from './kind/kind-config.ts';
import type { Log } from './progress.ts';
import { ensureTools } from './tools.ts';
import type { Cluster } from './types.ts';

export type { Kubectl } from './kind/kubectl.ts';
export type { Cluster, Role } from './types.ts';
export { roleLabel } from './types.ts';

export interface ClusterOptions {
  name: string;
  log: Log;
}

/**
 * A cluster to test on, made where it is missing. With TEST_CLUSTER=existing it is whatever KUBECONFIG points to.
 *
 * @param sides of a DPU, with a worker for each. Default: both.
 *
 * @example
 * const cluster = await ensureCluster({ name: 'dpu-test', log: console.log });
 * await cluster.loadImages();
 * const host = cluster.nodes.find(({ role }) => role === 'host');
 */
export async function ensureCluster(
  { name, log }: ClusterOptions,
  sides: readonly Side[] = ['host', 'dpu'],
): Promise<Cluster> {
  if (process.env.TEST_CLUSTER === 'existing') {
    if (sides.length < 2) throw new Error('two clusters are made by Kind only: unset TEST_CLUSTER');
    return openExistingCluster(log);
  }
  return (await clusters(log)).ensure(name, sides);
}

/** Builds the images whose inputs changed, so that {@link Cluster.loadImages} finds them; none for a cluster of the user's. */
export async function buildImages(log: Log): Promise<void> {
  if (process.env.TEST_CLUSTER === 'existing') return;
  const engine = await findEngine(log);
  for (const name of parseImageNames()) await buildImage(log, engine, name);
}

/** The cluster of that name if it runs; nothing is made. */
export async function findCluster({ name, log }: ClusterOptions): Promise<Cluster | undefined> {
  if (process.env.TEST_CLUSTER === 'existing') return openExistingCluster(log);
  return (await clusters(log)).find(name);
}

export async function deleteCluster({ name, log }: ClusterOptions): Promise<void> {
  await (await clusters(log)).delete(name);
}

async function clusters(log: Log): Promise<KindClusters> {
  return new KindClusters(log, await findEngine(log), await ensureTools(log));
}
