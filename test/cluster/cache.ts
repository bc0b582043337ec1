import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { withLock } from './lock.ts';
import { cachePath } from './paths.ts';
import { type Detail, type Log, step } from './progress.ts';

/** A short name for "exactly these inputs". */
export function hashOf(...inputs: unknown[]): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12);
}

/** Milliseconds for which a directory of another recipe counts as in use: by another checkout, or a run beside. */
const unusedMs = 24 * 60 * 60_000;

/**
 * A directory made once per recipe; those of other recipes go then, where nobody asked for them for a day. It is made
 * under another name and renamed when complete, so that a killed run leaves nothing that looks finished.
 */
export async function cachedDirectory(
  log: Log,
  name: string,
  key: string,
  make: (directory: string, detail: Detail) => Promise<void>,
): Promise<string> {
  const finished = cachePath(name, key);
  if (await inUse(finished)) return finished;
  return withLock(log, name, async () => {
    if (await inUse(finished)) return finished;
    const parent = dirname(finished);
    await mkdir(parent, { recursive: true });
    await sweep(parent);
    const draft = await mkdtemp(`${finished}.draft-${process.pid}-`);
    try {
      await step(log, `make ${name}`, (detail) => make(draft, detail));
      await rename(draft, finished);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    for (const other of await readdir(parent)) {
      const path = join(parent, other);
      const { mtimeMs } = await stat(path);
      if (other !== key && Date.now() - mtimeMs > unusedMs) await rm(path, { recursive: true, force: true });
    }
    return finished;
  });
}

/** Whether the directory is there; its time says when somebody last asked. */
async function inUse(directory: string): Promise<boolean> {
  if (!existsSync(directory)) return false;
  const now = new Date();
  await utimes(directory, now, now);
  return true;
}

/** A directory for one piece of work of this process, on the file system of the cache; the caller removes it. */
export async function scratchDirectory(name: string): Promise<string> {
  const parent = cachePath('scratch');
  await mkdir(parent, { recursive: true });
  await sweep(parent);
  return mkdtemp(join(parent, `${name}.draft-${process.pid}-`));
}

/** Removes what processes that were killed left behind; theirs are known by the process id in the name. */
async function sweep(parent: string): Promise<void> {
  for (const entry of await readdir(parent)) {
    const owner = /\.draft-(\d+)/.exec(entry)?.[1];
    if (owner && !isAlive(Number(owner))) await rm(join(parent, entry), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
