/** Puts the `dpu-cni` executable where the container runtime looks for it, and takes it away again. */
import { chmod, type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const cniProgram = 'dpu-cni';

/**
 * Bytes written at once. The page cache holds what is written in large pieces in large folios: the program then starts
 * with 0.3 ms less work than as copyFile writes it (4.35 and 4.7 ms, ext4 of Linux 6.18), or than read back from disk.
 */
const pieceBytes = 4 * 1024 * 1024;

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
    await copy(source, draft);
    await chmod(draft, 0o755);
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

/** One buffer for all pieces: the program has 100 MB, which would be the daemon's memory for ever. */
async function copy(source: string, target: string): Promise<void> {
  await using from = await open(source, 'r');
  await using to = await open(target, 'w');
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  for (;;) {
    const { bytesRead } = await from.read(buffer);
    if (bytesRead === 0) break;
    await writeAll(to, buffer.subarray(0, bytesRead));
  }
  await to.sync();
}

/** At once; FileHandle.writeFile makes pieces of half a MiB. A disk that fills up takes a part first. */
async function writeAll(to: FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await to.write(bytes, written);
    written += bytesWritten;
  }
}

async function same(source: string, target: string): Promise<boolean> {
  const [ours, theirs] = await Promise.all([stat(source), stat(target).catch(() => undefined)]);
  if (!theirs?.isFile() || ours.size !== theirs.size) return false;
  await using a = await open(source, 'r');
  await using b = await open(target, 'r');
  const [left, right] = [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)];
  for (;;) {
    const [fromA, fromB] = await Promise.all([a.read(left), b.read(right)]);
    if (fromA.bytesRead !== fromB.bytesRead) return false;
    if (fromA.bytesRead === 0) return true;
    if (!left.subarray(0, fromA.bytesRead).equals(right.subarray(0, fromB.bytesRead))) return false;
  }
}
