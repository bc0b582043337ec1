/**
 * One daemon a node: for a moment there may be two, while a DaemonSet is replaced or a node was out of reach. The lock is
 * flock(2)'s on a directory of the node, and the kernel releases it with the process that has it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { DpuError } from '@dpu-operator/sdk';

export interface NodeLockOptions {
  /** Stays where it is as long as any daemon runs. */
  directory: string;
  /** Called when another daemon has the lock and is waited for. */
  onWaiting: () => void;
  signal: AbortSignal;
}

/** flock(1), with `--nonblock`. */
const taken = 1;

/**
 * Resolves when this process has the lock. It has it until it ends, or calls what this answers.
 *
 * @throws when the signal is aborted before
 */
export async function lockNode({ directory, onWaiting, signal }: NodeLockOptions): Promise<() => void> {
  // A number and not a FileHandle: that one closes itself when nobody refers to it.
  const fd = openSync(directory, 'r');
  const release = () => closeSync(fd);
  try {
    if ((await flock(fd, ['--nonblock'], signal)) !== taken) return release;
    onWaiting();
    await flock(fd, [], signal);
    return release;
  } catch (error) {
    release();
    throw error;
  }
}

/** The lock belongs to the open file, which the program shares with this process: it stays when the program ends. */
async function flock(fd: number, args: readonly string[], signal: AbortSignal): Promise<number> {
  const child = spawn('flock', ['--exclusive', ...args, '3'], { stdio: ['ignore', 'ignore', 'inherit', fd], signal });
  const [code] = await once(child, 'close');
  if (code === 0 || code === taken) return code;
  throw new DpuError('INTERNAL', `flock: exit code ${code}`);
}
