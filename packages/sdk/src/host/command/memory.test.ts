/** In a process of its own: memory that others hold says nothing of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Memory {
  /** MiB. */
  resident: number;
  /** Bytes of compiled code. */
  code: number;
}

/** Works when it is told to, and otherwise waits as a VSP does. */
const program = `
import { getHeapCodeStatistics } from 'node:v8';
import { releaseMemoryWhenQuiet } from ${JSON.stringify(join(import.meta.dirname, 'memory.ts'))};
releaseMemoryWhenQuiet({ lookMs: 50, share: 0.5, workMs: 1, surplus: 20 * 2 ** 20 });
const functions = Array.from({ length: 3_000 }, (_, index) => new Function('a', 'return a + ' + index));
for (const each of functions) each(1);
let kept;
const orders = {
  work: () => {
    kept = Array.from({ length: 1_000_000 }, (_, index) => ({ text: String(index) }));
  },
  forget: () => { kept = undefined; },
  measure: () => {},
};
process.on('message', (order) => {
  orders[order]();
  const resident = process.memoryUsage.rss() / 2 ** 20;
  process.send({ resident, code: getHeapCodeStatistics().bytecode_and_metadata_size });
});
`;

async function tell(child: ChildProcess, order: 'work' | 'forget' | 'measure'): Promise<Memory> {
  child.send(order);
  const [memory] = await once(child, 'message');
  return memory;
}

test('memory that a process has used goes back to the system whenever it is quiet, and its code stays', async () => {
  // Without what V8 gives back by itself.
  const args = ['--no-memory-reducer', '--conditions=source', '--input-type=module', '--eval', program];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  try {
    const { code } = await tell(child, 'measure');
    // V8 takes code for old after a few collections.
    for (let round = 0; round < 4; round += 1) {
      const busy = await tell(child, 'work');
      await tell(child, 'forget');
      const resident = async () => (await tell(child, 'measure')).resident;
      await expect.poll(resident, { interval: 100 }).toBeLessThan(busy.resident - 40);
      // Without what only making them took, which is half; V8 would leave a tenth.
      expect((await tell(child, 'measure')).code).toBeGreaterThan(code / 4);
    }
  } finally {
    child.kill();
  }
});
