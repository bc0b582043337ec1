/** Address ranges of pods: one a cluster, since the nodes of all clusters of a machine share a network. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../lock.ts';
import type { Log } from '../progress.ts';

/** Second byte of the ranges, down from Kind's own: clusters that others make have that one. */
const first = 243;
const last = 192;

/**
 * The range of a cluster, the same until its directory is removed.
 *
 * @param clusters the directory with one directory for each cluster
 * @throws Error when more clusters run than there are ranges
 */
export function podSubnet(log: Log, clusters: string, name: string): Promise<string> {
  const noteOf = (cluster: string) => readFile(join(clusters, cluster, 'pod-subnet'), 'utf8').catch(() => '');
  return withLock(log, 'pod-subnets', async () => {
    const own = await noteOf(name);
    if (own) return own;
    await mkdir(join(clusters, name), { recursive: true });
    const taken = await Promise.all((await readdir(clusters)).map(noteOf));
    for (let number = first; number >= last; number--) {
      const subnet = `10.${number}.0.0/16`;
      if (taken.includes(subnet)) continue;
      await writeFile(join(clusters, name, 'pod-subnet'), subnet);
      return subnet;
    }
    throw new Error(`no range of addresses is left for the pods of ${name}: delete clusters that nobody needs`);
  });
}
