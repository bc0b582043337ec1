/** Puts the `dpu-cni` executable where the container runtime looks for it, and takes it away again. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const cniProgram = 'dpu-cni';

export interface CniInstall {
  /** The executable in the image. */
  source: string;
  /** The runtime's directory of CNI plugins, e.g. /opt/cni/bin. */
  directory: string;
}

/**
 * A runtime that starts the program meanwhile gets the old one or the new one, never a part. A second call with the
 * same program writes nothing. Returns whether it wrote.
 */
export async function installCni({ source, directory }: CniInstall): Promise<boolean> {
  await mkdir(directory, { recursive: true });
  await removeDrafts(directory);
  const target = join(directory, cniProgram);
  if (await same(source, target)) {
    await chmod(target, 0o755);
    return false;
  }
  const draft = join(directory, `.${cniProgram}.${process.pid}.draft`);
  try {
    await copyFile(source, draft);
    await chmod(draft, 0o755);
    const file = await open(draft, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, target);
  } finally {
    await rm(draft, { force: true });
  }
  return true;
}

/** Removes the program if it is the one in `source`: another operator's stays. Returns whether it removed. */
export async function uninstallCni({ source, directory }: CniInstall): Promise<boolean> {
  const target = join(directory, cniProgram);
  if (!(await same(source, target))) return false;
  await rm(target, { force: true });
  return true;
}

/** What a killed installation left. */
async function removeDrafts(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(`.${cniProgram}.`)) await rm(join(directory, name), { force: true });
  }
}

async function same(source: string, target: string): Promise<boolean> {
  const [ours, theirs] = await Promise.all([stat(source), stat(target).catch(() => undefined)]);
  if (!theirs?.isFile() || ours.size !== theirs.size) return false;
  const [a, b] = await Promise.all([digest(source), digest(target)]);
  return a === b;
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
