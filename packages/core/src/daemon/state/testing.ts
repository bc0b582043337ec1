/** For tests: disks that fail. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';

/** Has a directory of records take nothing, neither a new file nor a deletion. Returns what repairs it. */
export function breakDirectory(path: string): () => void {
  rmSync(path, { recursive: true });
  writeFileSync(path, 'no directory any more');
  return () => {
    rmSync(path);
    mkdirSync(path);
  };
}
