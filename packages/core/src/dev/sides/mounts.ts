/** What a side sees of the machine's files. */
import { mkdirSync } from 'node:fs';
import { exec } from '@dpu-operator/sdk/linux';

/**
 * Gives this process, which has a mount namespace of its own, an empty /run, as a VSP has it in its pod and a daemon on
 * a node after a start: sockets and process ids of two sides do not meet, and what is left there vanishes with the
 * process. Only the named network namespaces stay.
 */
export async function makeRunPrivate(): Promise<void> {
  const aside = '/mnt';
  await exec('mount', ['--rbind', '/run/netns', aside]);
  await exec('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run']);
  mkdirSync('/run/netns');
  await exec('mount', ['--move', aside, '/run/netns']);
}
