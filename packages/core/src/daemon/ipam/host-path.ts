/** Paths as a process with another root directory sees them. */
import { readlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** As the kernel's own limit (path_resolution(7)). */
const maxLinks = 40;

/**
 * Where an absolute path of another root directory is for us. Its absolute links start at that root: the kernel would
 * start them at ours.
 *
 * @param root such as `/proc/1/root`
 */
export async function resolveIn(root: string, path: string): Promise<string> {
  let done = '/';
  let rest = path.split('/').filter(Boolean);
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const next = resolve(done, name);
    const target = await readlink(join(root, next)).catch(() => undefined);
    if (target === undefined) {
      done = next;
      continue;
    }
    links += 1;
    if (links > maxLinks) throw new Error(`${path}: more than ${maxLinks} links`);
    if (target.startsWith('/')) done = '/';
    rest = [...target.split('/').filter(Boolean), ...rest];
  }
  return join(root, done);
}
