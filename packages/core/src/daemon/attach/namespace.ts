/** Network namespaces by path. */
import { stat, statfs } from 'node:fs/promises';

/** linux/magic.h NSFS_MAGIC */
const nsfs = 0x6e736673;

/** A path that is too long or goes in circles leads nowhere (path_resolution(7)). */
const absent = ['ENOENT', 'ENOTDIR', 'ESRCH', 'ENAMETOOLONG', 'ELOOP'];

/**
 * Which namespace is at a path, or undefined where there is none: no such file, or a plain file, which is what remains
 * of `/var/run/netns/x` between unmounting and removing (or where the mount did not propagate).
 */
export async function namespaceId(path: string): Promise<string | undefined> {
  if (path === '') return undefined;
  try {
    const [fileSystem, file] = await Promise.all([statfs(path), stat(path)]);
    return fileSystem.type === nsfs ? `${file.dev}:${file.ino}` : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code && absent.includes(code)) return undefined;
    throw error;
  }
}
