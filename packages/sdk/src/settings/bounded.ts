/** Runs what a vendor wrote for a limited time: a regular expression may backtrack for hours. */
import { type Context, createContext, Script } from 'node:vm';

/** Milliseconds of processor time that the work may take, and of wall time at first. */
const longestMs = 500;

/**
 * On a machine with much else to do the clock runs out before the work had its share: it is begun anew with twice the
 * time. The last attempt has 4 s.
 */
const attempts = 4;

/** V8 ends a script after its time, and with it what the script called. */
const script = new Script('run()');
let context: Context | undefined;

/** @throws RangeError when the work takes longer, which has then been ended; whatever else it throws. */
export function bounded<Result>(work: () => Result): Result {
  context ??= createContext({});
  context.run = work;
  for (let attempt = 0; ; attempt += 1) {
    const before = process.threadCpuUsage();
    try {
      return script.runInContext(context, { timeout: longestMs * 2 ** attempt }) as Result;
    } catch (error) {
      if (!isTimeout(error)) throw error;
      const { user, system } = process.threadCpuUsage(before);
      // Somewhat less: the clock starts before the work does.
      const hadItsShare = (user + system) / 1000 > longestMs * 0.7;
      if (hadItsShare || attempt === attempts - 1) throw new RangeError(`it takes longer than ${longestMs} ms`);
    }
  }
}

/** It is of the other context's class. */
function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
