/** Network namespaces by path. */
import { statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** All namespaces of the kernel are files of one file system: its device number, and by that an nsfs file, is known from any. */
let nsfsDevice: number | undefined;

/** A path that is too long or goes in circles leads nowhere (path_resolution(7)). */
const absent = ['ENOENT', 'ENOTDIR', 'ESRCH', 'ENAMETOOLONG', 'ELOOP'];

/**
 * Which namespace is at a path, or undefined where there is none: no such file, or a plain file, which is what remains
 * of `/var/run/netns/x` between unmounting and removing (or where the mount did not propagate).
 */
export async function namespaceId(path: string): Promise<string | undefined> {
  if (path === '') return undefined;
  nsfsDevice ??= statSync('/proc/self/ns/net').dev;
  try {
    const { dev, ino } = await stat(path);
    return dev === nsfsDevice ? `${dev}:${ino}` : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code && absent.includes(code)) return undefined;
    throw error;
  }
}
