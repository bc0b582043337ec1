/** In a process of its own: memory that others hold says nothing of it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const residentMiB = (pid: number | undefined) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Leaves 100 MB behind, then waits as a VSP does. */
const program = `
import { releaseMemoryWhenQuiet } from ${JSON.stringify(join(import.meta.dirname, 'memory.ts'))};
releaseMemoryWhenQuiet({ lookMs: 50, share: 0.5, workMs: 1, surplus: 20 * 2 ** 20 });
let kept = Array.from({ length: 1_000_000 }, (_, index) => ({ text: String(index) }));
setInterval(() => {}, 1_000);
process.once('SIGUSR2', () => { kept = undefined; });
// Last: the signal comes as soon as this is read.
console.log(kept.length);
`;

test('memory that a process has used goes back to the system once it is quiet', async () => {
  const args = ['--conditions=source', '--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(child.stdout, 'data');
    const busy = residentMiB(child.pid);
    child.kill('SIGUSR2');
    await expect.poll(() => residentMiB(child.pid)).toBeLessThan(busy - 40);
  } finally {
    child.kill();
  }
});
