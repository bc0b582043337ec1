import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOf } from '../cache.ts';

/** A key for what the code below some directories makes: another text, another key. Tests do not count. */
export async function sourceHash(...directories: string[]): Promise<string> {
  const texts: Record<string, string> = {};
  for (const directory of directories) {
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.endsWith('.test.ts')) continue;
      const path = join(entry.parentPath, entry.name);
      texts[path.slice(directory.length)] = await readFile(path, 'utf8');
    }
  }
  return hashOf(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
