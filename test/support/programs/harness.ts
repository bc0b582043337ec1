import { withLock } from '../../cluster/lock.ts';

/** Runs `dpu-vsp dev` while no other test file does: each removes what a killed one left on the machine. */
export function alone<T>(work: () => Promise<T>): Promise<T> {
  return withLock(console.log, 'dpu-vsp-dev', work);
}
