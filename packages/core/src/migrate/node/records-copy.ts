import { copyFileSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unlessGone } from './unless-gone.ts';

/**
 * Copies records of the daemon into the container: who opens records sets aside those that cannot be read, and a look is to
 * change nothing. Our daemon may run meanwhile; a record that it takes away is not copied.
 *
 * @param names of those directories that are wanted: others have secrets
 * @returns the directory that has the copies
 */
export function copyOfRecords(directory: string, names: readonly string[]): string {
  const copy = mkdtempSync(join(tmpdir(), 'records-'));
  for (const name of names) copyFiles(join(directory, name), join(copy, name));
  return copy;
}

function copyFiles(from: string, to: string): void {
  const entries = unlessGone(() => readdirSync(from, { withFileTypes: true }));
  if (entries === undefined) return;
  mkdirSync(to);
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyFiles(source, target);
    else unlessGone(() => copyFileSync(source, target));
  }
}
