/** Network namespaces by path. */
import { readFile, readlink, realpath, stat, statfs } from 'node:fs/promises';

/** linux/magic.h NSFS_MAGIC */
const nsfs = 0x6e736673;

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
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/**
 * The kind of namespace at a path, such as `net` or `mnt`; undefined where that cannot be told. The links of
 * `/proc/<pid>/ns` say it; of a mounted one only the table of mounts does, which takes a node of many pods a while to
 * print: this is for telling what is wrong, after something was.
 */
export async function namespaceKind(path: string): Promise<string | undefined> {
  try {
    const link = await readlink(path).catch(() => undefined);
    const name = link ?? mountRoot(await realpath(path), await readFile('/proc/self/mountinfo', 'utf8'));
    return /^(\w+):\[\d+\]$/.exec(name ?? '')?.[1];
  } catch {
    return undefined;
  }
}

/** Of the last mount at a path (proc_pid_mountinfo(5)): the fourth word of the line whose fifth is the path. */
function mountRoot(path: string, mountinfo: string): string | undefined {
  const lines = mountinfo.split('\n').map((line) => line.split(' '));
  return lines.findLast(([, , , , mountPoint]) => mountPoint === path)?.[3];
}
