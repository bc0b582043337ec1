import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives back what loading and validation left behind. V8 would keep it, as a VSP allocates too little afterwards to
 * make a full collection worth its while: 5 MB of 77 on Node 24.
 */
export function releaseStartupMemory(): void {
  setFlagsFromString('--expose-gc');
  const collect: (options: { type: 'major'; flavor: 'last-resort' }) => void = runInNewContext('gc');
  collect({ type: 'major', flavor: 'last-resort' });
  setFlagsFromString('--no-expose-gc');
}
