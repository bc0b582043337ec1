import { copyFile, mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Copies records of the daemon into the container: who opens records sets aside those that cannot be read, and a look is to
 * change nothing. Our daemon may run meanwhile; a record that it takes away is not copied.
 *
 * @param names of those directories that are wanted: others have secrets
 * @returns the directory that has the copies
 */
export async function copyOfRecords(directory: string, names: readonly string[]): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'records-'));
  for (const name of names) await copyFiles(join(directory, name), join(copy, name));
  return copy;
}

async function copyFiles(from: string, to: string): Promise<void> {
  const entries = await unlessGone(readdir(from, { withFileTypes: true }));
  if (entries === undefined) return;
  await mkdir(to);
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyFiles(source, target);
    else await unlessGone(copyFile(source, target));
  }
}

async function unlessGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
