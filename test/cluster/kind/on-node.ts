import { CommandError } from '../run.ts';
import type { Cluster } from '../types.ts';

/** Runs a program on a node and throws where it ends badly. */
export async function runOnNode(
  exec: Cluster['exec'],
  node: string,
  argv: readonly string[],
  input?: string | Uint8Array,
): Promise<string> {
  const result = await exec(node, argv, input === undefined ? {} : { input });
  if (result.exitCode !== 0) throw new CommandError([`${node}:`, ...argv], result);
  return result.stdout;
}

/** Where the container runtime looks for networks; the first file by name is the one that it calls. */
export const networkDirectory = '/etc/cni/net.d';

/**
 * Puts a network in place whole. Written and renamed inside the directory: containerd looks again after a rename from
 * there, but ignores a file that comes in from another one.
 */
export async function writeNetwork(exec: Cluster['exec'], node: string, file: string, list: object): Promise<void> {
  const draft = `${networkDirectory}/.${file}.draft`;
  await runOnNode(exec, node, ['tee', draft], JSON.stringify(list, null, 2));
  await runOnNode(exec, node, ['mv', draft, `${networkDirectory}/${file}`]);
}
