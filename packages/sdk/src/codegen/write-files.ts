/** Brings generated files up to date, or tells which are not. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Writes what is stale and removes what is superfluous, below a directory; `--check` on the command line touches nothing.
 *
 * @param wanted texts by path
 * @param present paths of what was generated before
 * @returns what `--check` found out of date; empty where all was written.
 */
export function writeFiles(
  directory: string,
  wanted: ReadonlyMap<string, string>,
  present: readonly string[],
): string[] {
  const isCurrent = (name: string, text: string) =>
    existsSync(join(directory, name)) && readFileSync(join(directory, name), 'utf8') === text;
  const stale = [...wanted].filter(([name, text]) => !isCurrent(name, text)).map(([name]) => name);
  const superfluous = present.filter((name) => !wanted.has(name));
  if (process.argv.includes('--check')) return [...stale, ...superfluous];
  for (const name of superfluous) rmSync(join(directory, name));
  for (const name of stale) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), wanted.get(name) ?? '');
  }
  return [];
}
