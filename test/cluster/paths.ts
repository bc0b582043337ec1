import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Root of the repository, from this file's place in it. */
export const repositoryRoot = dirname(dirname(import.meta.dirname));

/** Everything that is expensive to make lives here, outside the tree, so that a fresh checkout starts warm. */
const cacheRoot = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dpu-operator');

export function cachePath(...parts: string[]): string {
  return join(cacheRoot, ...parts);
}
