/** Weighs a VSP that the suite started, after its garbage is collected: what the process has is not what it needs. */
import type { ChildProcess } from 'node:child_process';
import { z } from 'zod';
import { DpuError } from '../../errors.ts';

/** What a VSP keeps. */
export interface Holdings {
  /** Bytes of objects and buffers that something still refers to. */
  heap: number;
  /** Timers that are to fire. */
  timers: number;
}

const measureMs = 60_000;
const holdings = z.object({ heap: z.number(), timers: z.number() });

/** What one round finalises, the next one frees: until a round frees no more, of four at most. */
const program = `
process.on('message', async (message) => {
  if (message !== 'measure') return;
  let held = Infinity;
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await new Promise(setImmediate);
    const { heapUsed, external } = process.memoryUsage();
    const before = held;
    held = Math.min(held, heapUsed + external);
    if (before - held < 1024) break;
  }
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  process.send({ heap: held, timers });
});
process.channel.unref();
`;

/**
 * Arguments of node for a process that can be weighed, and is several times slower than one without; it needs a channel (`ipc`) to the suite. Bytecode
 * stays: a flush of it would hide a leak. What grows while a VSP warms up would look like one: machine code that V8 compiles in
 * the midst of it, what it notes for that, and room for new objects.
 */
export const gaugeArguments: readonly string[] = [
  '--expose-gc',
  '--no-flush-bytecode',
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--no-lazy-feedback-allocation',
  '--max-semi-space-size=1',
  '--import',
  `data:text/javascript,${encodeURIComponent(program)}`,
];

/** @throws DpuError UNAVAILABLE when the process does not answer. */
export async function weigh(child: ChildProcess): Promise<Holdings> {
  const { promise, resolve, reject } = Promise.withResolvers<Holdings>();
  const fail = (why: string) => reject(new DpuError('UNAVAILABLE', `the VSP cannot be weighed: ${why}`));
  const answered = (message: unknown) => resolve(holdings.parse(message));
  const ended = () => fail('it ended');
  const timer = setTimeout(() => fail(`no answer within ${measureMs} ms`), measureMs);
  child.once('message', answered);
  child.once('exit', ended);
  child.send('measure', (error) => error && fail(error.message));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off('message', answered);
    child.off('exit', ended);
  }
}
