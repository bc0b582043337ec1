import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cachePath } from './paths.ts';
import type { Log } from './progress.ts';

/** Work that is done sooner is not worth a word. */
const silentMs = 1_000;

/** Does a piece of work that two processes of this machine must not do at once. Not to be nested for one name. */
export async function withLock<T>(log: Log, name: string, work: () => Promise<T>): Promise<T> {
  const path = cachePath('locks', name);
  await mkdir(dirname(path), { recursive: true });
  // The lock is held as long as `cat` runs, and that ends with its standard input: also when this process is killed.
  const holder = spawn('flock', [path, 'sh', '-c', 'echo && exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'close').then(
    ([code]) => `ended with code ${code}`,
    (error: Error) => error.message,
  );
  holder.stdin.on('error', () => {});
  const timer = setTimeout(() => log(`another process works on ${name}: waiting for it`), silentMs);
  try {
    const failure = await Promise.race([ended, once(holder.stdout, 'data').then(() => undefined)]);
    if (failure) throw new Error(`cannot lock ${path} with flock, a program of util-linux: ${failure}`);
    clearTimeout(timer);
    return await work();
  } finally {
    clearTimeout(timer);
    holder.stdin.end();
    await ended;
  }
}
